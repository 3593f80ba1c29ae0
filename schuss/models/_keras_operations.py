"""The classes under which Keras 3 writes functions of symbolic values to a config.

Recorded from Keras 3.15 by ``tools/record_keras_operations.py``: class, module and function, and which of the
function's arguments belong to the object; the others, the arrays among them, belong to its calls.
"""

from __future__ import annotations

from typing import NamedTuple


class KerasOperation(NamedTuple):
    """``keras.src.ops.MODULE.CLASS(**options)`` is `function`, with some of its arguments given."""

    class_name: str
    module: str
    function: str
    options: tuple[str, ...]


_TABLE = """\
Abs numpy.abs
Absolute numpy.absolute
AdaptiveAveragePool nn.adaptive_average_pool output_size data_format
AdaptiveMaxPool nn.adaptive_max_pool output_size data_format
Add numpy.add
AffineTransform image.affine_transform interpolation fill_mode fill_value data_format
All numpy.all axis keepdims
AllClose numpy.allclose rtol atol equal_nan
Amax numpy.amax axis keepdims
Amin numpy.amin axis keepdims
Angle numpy.angle
Any numpy.any axis keepdims
Append numpy.append axis
Arange numpy.arange dtype
Arccos numpy.arccos
Arccosh numpy.arccosh
Arcsin numpy.arcsin
Arcsinh numpy.arcsinh
Arctan numpy.arctan
Arctan2 numpy.arctan2
Arctanh numpy.arctanh
Argmax numpy.argmax axis keepdims
Argmin numpy.argmin axis keepdims
Argpartition numpy.argpartition kth axis
Argsort numpy.argsort axis
ArraySplit numpy.array_split indices_or_sections axis
Average numpy.average axis
AveragePool nn.average_pool pool_size strides padding data_format
BatchNorm nn.batch_normalization axis epsilon
BinaryCrossentropy nn.binary_crossentropy from_logits
Bincount numpy.bincount weights minlength sparse
BitwiseAnd numpy.bitwise_and
BitwiseInvert numpy.bitwise_invert
BitwiseLeftShift numpy.bitwise_left_shift
BitwiseNot numpy.bitwise_not
BitwiseOr numpy.bitwise_or
BitwiseRightShift numpy.bitwise_right_shift
BitwiseXor numpy.bitwise_xor
BroadcastTo numpy.broadcast_to shape
CDist math.cdist
CTCDecode nn.ctc_decode strategy beam_width top_paths merge_repeated mask_index
CTCLoss nn.ctc_loss mask_index
Cast core.cast dtype
CategoricalCrossentropy nn.categorical_crossentropy from_logits axis
Cbrt numpy.cbrt
Ceil numpy.ceil
Celu nn.celu alpha
Cholesky linalg.cholesky upper
CholeskyInverse linalg.cholesky_inverse upper
Clip numpy.clip x_min x_max
Concatenate numpy.concatenate axis
Conj numpy.conj
Conjugate numpy.conjugate
Conv nn.conv strides padding data_format dilation_rate
ConvTranspose nn.conv_transpose strides padding output_padding data_format dilation_rate
Copy numpy.copy
Corrcoef numpy.corrcoef
Correlate numpy.correlate mode
Cos numpy.cos
Cosh numpy.cosh
CountNonzero numpy.count_nonzero axis
CropImages image.crop_images top_cropping left_cropping bottom_cropping right_cropping target_height target_width data_format
Cross numpy.cross axisa axisb axisc axis
Cumprod numpy.cumprod axis dtype
Cumsum numpy.cumsum axis dtype
Deg2rad numpy.deg2rad
DepthToSpace nn.depth_to_space block_size data_format
DepthwiseConv nn.depthwise_conv strides padding data_format dilation_rate
Det linalg.det
Diag numpy.diag k
Diagflat numpy.diagflat k
Diagonal numpy.diagonal offset axis1 axis2
Diff numpy.diff n axis
Digitize numpy.digitize
Divide numpy.divide
DivideNoNan numpy.divide_no_nan
Dot numpy.dot
DotProductAttention nn.dot_product_attention is_causal flash_attention attn_logits_soft_cap
Dsplit numpy.dsplit indices_or_sections
Dstack numpy.dstack
Eig linalg.eig
Eigh linalg.eigh
Einsum numpy.einsum subscripts
ElasticTransform image.elastic_transform alpha sigma interpolation fill_mode fill_value seed data_format
Elu nn.elu alpha
EmptyLike numpy.empty_like dtype
Equal numpy.equal
Erf math.erf
Erfc math.erfc
Erfinv math.erfinv
Exp numpy.exp
Exp2 numpy.exp2
ExpandDims numpy.expand_dims axis
Expm1 numpy.expm1
ExtractPatches image.extract_patches size strides dilation_rate padding data_format
ExtractSequences math.extract_sequences sequence_length sequence_stride
FFT math.fft
FFT2 math.fft2
Fabs numpy.fabs
Flip numpy.flip axis
Fliplr numpy.fliplr
Flipud numpy.flipud
Floor numpy.floor
FloorDivide numpy.floor_divide
Fmax numpy.fmax
Fmin numpy.fmin
Fmod numpy.fmod
Fold nn.fold output_size kernel_size dilation padding stride
Full numpy.full shape dtype
FullLike numpy.full_like dtype
GaussianBlur image.gaussian_blur kernel_size sigma data_format
Gcd numpy.gcd
Gelu nn.gelu approximate
Geomspace numpy.geomspace num endpoint dtype axis
GetItem numpy.get_item
Glu nn.glu axis
Greater numpy.greater
GreaterEqual numpy.greater_equal
HSVToRGB image.hsv_to_rgb data_format
HardShrink nn.hard_shrink threshold
HardSigmoid nn.hard_sigmoid
HardSilu nn.hard_silu
HardTanh nn.hard_tanh
Heaviside numpy.heaviside
Histogram numpy.histogram bins range
Hsplit numpy.hsplit indices_or_sections
Hstack numpy.hstack
Hypot numpy.hypot
I0 numpy.i0
IFFT2 math.ifft2
IRFFT math.irfft fft_length
ISTFT math.istft sequence_length sequence_stride fft_length length window center
Imag numpy.imag
InTopK math.in_top_k k
Inner numpy.inner
Inv linalg.inv
IsIn numpy.isin assume_unique invert
Isclose numpy.isclose equal_nan
Isfinite numpy.isfinite
Isinf numpy.isinf
Isnan numpy.isnan
Isneginf numpy.isneginf
Isposinf numpy.isposinf
Isreal numpy.isreal
Kron numpy.kron
LayerNorm nn.layer_normalization axis epsilon rms_scaling
Lcm numpy.lcm
Ldexp numpy.ldexp
LeakyRelu nn.leaky_relu negative_slope
LeftShift numpy.left_shift
Less numpy.less
LessEqual numpy.less_equal
Linspace numpy.linspace num endpoint retstep dtype axis
Log numpy.log
Log10 numpy.log10
Log1p numpy.log1p
Log2 numpy.log2
LogSigmoid nn.log_sigmoid
LogSoftmax nn.log_softmax axis
Logaddexp numpy.logaddexp
Logaddexp2 numpy.logaddexp2
Logdet math.logdet
LogicalAnd numpy.logical_and
LogicalNot numpy.logical_not
LogicalOr numpy.logical_or
LogicalXor numpy.logical_xor
Logspace numpy.logspace num endpoint base dtype axis
Logsumexp math.logsumexp axis keepdims
Lstsq linalg.lstsq rcond
LuFactor linalg.lu_factor
MapCoordinates image.map_coordinates order fill_mode fill_value
Matmul numpy.matmul
MatrixRank linalg.matrix_rank tol
Max numpy.max axis keepdims initial
MaxPool nn.max_pool pool_size strides padding data_format
Maximum numpy.maximum
Mean numpy.mean axis keepdims
Median numpy.median axis keepdims
Meshgrid numpy.meshgrid indexing
Min numpy.min axis keepdims initial
Minimum numpy.minimum
Mod numpy.mod
Moments nn.moments axes keepdims synchronized
Moveaxis numpy.moveaxis source destination
MultiHot nn.multi_hot num_classes axis dtype sparse
Multiply numpy.multiply
NanToNum numpy.nan_to_num nan posinf neginf
Nanargmax numpy.nanargmax axis keepdims
Nanargmin numpy.nanargmin axis keepdims
Nancumprod numpy.nancumprod axis dtype
Nancumsum numpy.nancumsum axis dtype
Nanmax numpy.nanmax axis keepdims
Nanmean numpy.nanmean axis keepdims
Nanmedian numpy.nanmedian axis keepdims
Nanmin numpy.nanmin axis keepdims
Nanpercentile numpy.nanpercentile axis method keepdims
Nanprod numpy.nanprod axis keepdims
Nanquantile numpy.nanquantile axis method keepdims
Nanstd numpy.nanstd axis keepdims
Nansum numpy.nansum axis keepdims
Nanvar numpy.nanvar axis keepdims
Ndim numpy.ndim
Negative numpy.negative
Nextafter numpy.nextafter
Nonzero numpy.nonzero
Norm linalg.norm ord axis keepdims
Normalize nn.normalize axis order epsilon
NotEqual numpy.not_equal
OneHot nn.one_hot num_classes axis dtype sparse
OnesLike numpy.ones_like dtype
Outer numpy.outer
PSNR nn.psnr max_val
Pad numpy.pad pad_width mode
PadImages image.pad_images top_padding left_padding bottom_padding right_padding target_height target_width data_format
Percentile numpy.percentile axis method keepdims
PerspectiveTransform image.perspective_transform interpolation fill_value data_format
Pinv linalg.pinv rcond
Polar nn.polar
Power numpy.power
Prod numpy.prod axis keepdims dtype
Ptp numpy.ptp axis keepdims
Qr linalg.qr mode
Quantile numpy.quantile axis method keepdims
RFFT math.rfft fft_length
RGBToGrayscale image.rgb_to_grayscale data_format
RGBToHSV image.rgb_to_hsv data_format
RMSNorm nn.rms_normalization axis epsilon
Rad2deg numpy.rad2deg
Ravel numpy.ravel
Real numpy.real
Reciprocal numpy.reciprocal
Relu nn.relu
Relu6 nn.relu6
Repeat numpy.repeat repeats axis
Reshape numpy.reshape newshape
Resize image.resize size interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value data_format
RightShift numpy.right_shift
Roll numpy.roll shift axis
Rot90 numpy.rot90 k axes
Round numpy.round decimals
Rsqrt math.rsqrt
SSIM image.ssim max_val filter_size filter_sigma k1 k2 data_format
STFT math.stft sequence_length sequence_stride fft_length window center
SVD linalg.svd full_matrices compute_uv
SaturateCast core.saturate_cast dtype
ScaleAndTranslate image.scale_and_translate spatial_dims method antialias
Scatter core.scatter shape
ScatterUpdate core.scatter_update reduction
SearchSorted numpy.searchsorted side
SegmentMax math.segment_max num_segments sorted
SegmentMin math.segment_min num_segments sorted
SegmentProd math.segment_prod num_segments sorted
SegmentSum math.segment_sum num_segments sorted
Select numpy.select
Selu nn.selu
SeparableConv nn.separable_conv strides padding data_format dilation_rate
Sigmoid nn.sigmoid
Sign numpy.sign
Signbit numpy.signbit
Silu nn.silu
Sin numpy.sin
Sinc numpy.sinc
Sinh numpy.sinh
Size numpy.size
Slice core.slice shape
SliceUpdate core.slice_update
Slogdet numpy.slogdet
SobelEdges image.sobel_edges data_format
SoftShrink nn.soft_shrink threshold
Softmax nn.softmax axis
Softplus nn.softplus
Softsign nn.softsign
Solve linalg.solve
SolveTriangular linalg.solve_triangular lower
Sort numpy.sort axis
SpaceToDepth nn.space_to_depth block_size data_format
SparseCategoricalCrossentropy nn.sparse_categorical_crossentropy from_logits axis
SparsePlus nn.sparse_plus
SparseSigmoid nn.sparse_sigmoid
Sparsemax nn.sparsemax axis
Split numpy.split indices_or_sections axis
Sqrt numpy.sqrt
Square numpy.square
Squareplus nn.squareplus b
Squeeze numpy.squeeze axis
Stack numpy.stack axis
Std numpy.std axis keepdims
StopGradient core.stop_gradient
Subtract numpy.subtract
Sum numpy.sum axis keepdims
Swapaxes numpy.swapaxes axis1 axis2
Take numpy.take axis
TakeAlongAxis numpy.take_along_axis axis
Tan numpy.tan
Tanh numpy.tanh
TanhShrink nn.tanh_shrink
Tensordot numpy.tensordot axes
Threshold nn.threshold threshold default_value
Tile numpy.tile repeats
TopK math.top_k k sorted
Trace numpy.trace offset axis1 axis2
Transpose numpy.transpose axes
Trapezoid numpy.trapezoid x dx axis
Tril numpy.tril k
Triu numpy.triu k
TrueDivide numpy.true_divide
Trunc numpy.trunc
Unfold nn.unfold kernel_size dilation padding stride
Unique numpy.unique sorted return_index return_inverse return_counts axis size fill_value
UnravelIndex numpy.unravel_index shape
Unstack core.unstack num axis
Vander numpy.vander N increasing
Var numpy.var axis keepdims
Vdot numpy.vdot
View numpy.view dtype
ViewAsComplex math.view_as_complex
ViewAsReal math.view_as_real
Vsplit numpy.vsplit indices_or_sections
Vstack numpy.vstack
Where numpy.where
ZerosLike numpy.zeros_like dtype
"""


def _row(line: str) -> KerasOperation:
    class_name, place, *options = line.split()
    module, function = place.split(".")
    return KerasOperation(class_name, f"keras.src.ops.{module}", function, tuple(options))


_ROWS = [_row(line) for line in _TABLE.splitlines()]
BY_CLASS = {row.class_name: row for row in _ROWS}
BY_FUNCTION = {row.function: row for row in _ROWS}
