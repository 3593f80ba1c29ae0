"use strict";
// Two kinds of figures for a page: "map", the loss from above with contours, and "surface", the loss as hills that can be
// turned. Both show the way of a descent, step by step.
(() => {
  const { element, said, scale, tip, header, footer, drawing, axes, placeIn, widthOf } = Schuss;
  const SVG_HREF = "href";
  const STOPS = [[38, 43, 94], [43, 88, 142], [54, 133, 154], [104, 178, 152], [182, 214, 157], [244, 238, 190]];

  function shades(spec) {
    const f = spec.log ? Math.log10 : (v) => v;
    const all = spec.loss.flat().filter((v) => v !== null && (!spec.log || v > 0));
    const [low, high] = [f(Math.min(...all)), f(Math.max(...all))];
    const height = (v) => (v === null ? null : Math.min(1, Math.max(0, (f(Math.max(v, 1e-300)) - low) / (high - low || 1))));
    const shade = (t) => {
      const at = t * (STOPS.length - 1);
      const i = Math.min(STOPS.length - 2, Math.floor(at));
      return STOPS[i].map((c, k) => Math.round(c + (STOPS[i + 1][k] - c) * (at - i)));
    };
    const levels = Array.from({ length: 17 }, (_, i) => low + ((high - low) * (i + 1)) / 18).map((v) => (spec.log ? 10 ** v : v));
    return { height, shade, levels };
  }

  // The way at a moment t from 0 to 1: place, loss and step.
  function along(spec, t) {
    const at = t * (spec.path.length - 1);
    const i = Math.min(spec.path.length - 2, Math.floor(at));
    const mix = (p, q) => p + (q - p) * (at - i);
    const [p, q] = [spec.path[i], spec.path[i + 1]];
    const near = Math.round(at);
    return { i, a: mix(p[0], q[0]), b: mix(p[1], q[1]), loss: spec.pathLoss[near], step: spec.pathSteps ? spec.pathSteps[near] : near };
  }

  // A button and a slider that go along the way; `show(t)` draws a moment.
  function player(figure, spec, show) {
    if (!spec.path || spec.path.length < 2) return show(1);
    const bar = element(figure, "div", { style: "display:flex;gap:.8rem;align-items:center;font-size:.85rem;color:var(--soft)" });
    const button = element(bar, "button", { type: "button" }, "▶ play");
    const slider = element(bar, "input", { type: "range", min: 0, max: 1000, value: 1000, style: "flex:1", "aria-label": "time" });
    const words = element(bar, "span", { style: "min-width:13rem;font-variant-numeric:tabular-nums" });
    let [running, last] = [false, 0];
    const draw = () => {
      const t = slider.value / 1000;
      const now = along(spec, t);
      words.textContent = `${spec.pathSteps ? "step" : "place"} ${now.step}, loss ${said(now.loss)}`;
      show(t);
    };
    const tick = (time) => {
      if (!running) return;
      slider.value = Math.min(1000, Number(slider.value) + ((time - last) * 1000) / spec.milliseconds);
      last = time;
      draw();
      if (Number(slider.value) >= 1000) stop();
      else requestAnimationFrame(tick);
    };
    const stop = () => { running = false; button.textContent = "▶ play"; };
    const start = () => {
      if (Number(slider.value) >= 1000) slider.value = 0;
      running = true;
      last = performance.now();
      button.textContent = "❚❚ pause";
      requestAnimationFrame(tick);
    };
    button.addEventListener("click", () => (running ? stop() : start()));
    slider.addEventListener("input", () => { stop(); draw(); });
    draw();
    if (spec.plays) { slider.value = 0; start(); }
  }

  function picture(spec, { height, shade }) {
    const [n, m] = [spec.b.length, spec.a.length];
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [m, n];
    const context = canvas.getContext("2d");
    const image = context.createImageData(m, n);
    spec.loss.forEach((row, i) => row.forEach((value, j) => {
      const t = height(value);
      const [r, g, b] = t === null ? [0, 0, 0] : shade(t);
      image.data.set([r, g, b, t === null ? 0 : 255], 4 * ((n - 1 - i) * m + j));
    }));
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }

  // Marching squares: the pieces of a level's line, a cell after the other.
  function contour(spec, level, x, y) {
    let text = "";
    const between = (p, q, v, w) => p + ((q - p) * (level - v)) / (w - v);
    for (let i = 0; i + 1 < spec.b.length; i++) {
      for (let j = 0; j + 1 < spec.a.length; j++) {
        const [v00, v01, v10, v11] = [spec.loss[i][j], spec.loss[i][j + 1], spec.loss[i + 1][j], spec.loss[i + 1][j + 1]];
        if ([v00, v01, v10, v11].includes(null)) continue;
        const [a0, a1, b0, b1] = [spec.a[j], spec.a[j + 1], spec.b[i], spec.b[i + 1]];
        const cuts = [];
        if (v00 < level !== v01 < level) cuts.push([between(a0, a1, v00, v01), b0]);
        if (v01 < level !== v11 < level) cuts.push([a1, between(b0, b1, v01, v11)]);
        if (v11 < level !== v10 < level) cuts.push([between(a0, a1, v10, v11), b1]);
        if (v10 < level !== v00 < level) cuts.push([a0, between(b0, b1, v00, v10)]);
        for (let k = 0; k + 1 < cuts.length; k += 2) {
          const [p, q] = [cuts[k], cuts[k + 1]];
          text += `M${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}L${x(q[0]).toFixed(1)} ${y(q[1]).toFixed(1)}`;
        }
      }
    }
    return text;
  }

  Schuss.kinds.map = (figure, spec) => {
    header(figure, spec);
    const width = widthOf(figure);
    const height = Math.min(620, Math.round(width * 0.72));
    const frame = { left: 56, right: width - 12, top: 28, bottom: height - 38 };
    const svg = drawing(figure, width, height, spec.title);
    const x = scale(spec.a[0], spec.a.at(-1), frame.left, frame.right, false);
    const y = scale(spec.b[0], spec.b.at(-1), frame.bottom, frame.top, false);
    const colors = shades(spec);
    axes(svg, spec, x, y, frame);
    const box = { x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top };
    element(svg, "image", { ...box, preserveAspectRatio: "none", [SVG_HREF]: picture(spec, colors) });
    for (const level of colors.levels) {
      element(svg, "path", { d: contour(spec, level, x, y), fill: "none", stroke: "#fff", "stroke-opacity": 0.4, "stroke-width": 0.8 });
    }
    const way = element(svg, "g", { "pointer-events": "none" });
    svg.addEventListener("pointermove", (event) => {
      const [px, py] = placeIn(svg, event);
      if (px < frame.left || px > frame.right || py < frame.top || py > frame.bottom) return tip.hide();
      const j = Math.round(((px - frame.left) / box.width) * (spec.a.length - 1));
      const i = Math.round(((frame.bottom - py) / box.height) * (spec.b.length - 1));
      tip.show(event, `a ${said(spec.a[j])}, b ${said(spec.b[i])}\nloss ${said(spec.loss[i][j])}`);
    });
    svg.addEventListener("pointerleave", () => tip.hide());
    player(figure, spec, (t) => {
      way.replaceChildren();
      if (!spec.path) return element(way, "circle", { cx: x(0), cy: y(0), r: 5, fill: "#fff", stroke: "#1d2025" });
      const now = along(spec, t);
      const gone = [...spec.path.slice(0, now.i + 1), [now.a, now.b]];
      const line = gone.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L");
      element(way, "path", { d: `M${line}`, fill: "none", stroke: "#1d2025", "stroke-opacity": 0.55, "stroke-width": 3.6, "stroke-linejoin": "round" });
      element(way, "path", { d: `M${line}`, fill: "none", stroke: "#ffb866", "stroke-width": 2, "stroke-linejoin": "round" });
      element(way, "circle", { cx: x(spec.path[0][0]), cy: y(spec.path[0][1]), r: 3.5, fill: "#ffb866" });
      element(way, "circle", { cx: x(now.a), cy: y(now.b), r: 6, fill: "#fff", stroke: "#c8612c", "stroke-width": 2.5 });
    });
    footer(figure, spec);
  };

  // Hills in parallel projection, painted from the back to the front; dragging turns them.
  Schuss.kinds.surface = (figure, spec) => {
    header(figure, spec);
    const [width, height] = [widthOf(figure), Math.min(520, Math.round(widthOf(figure) * 0.6))];
    const canvas = element(figure, "canvas", { style: `width:100%;aspect-ratio:${width}/${height};display:block;cursor:grab;touch-action:none`, role: "img", "aria-label": spec.title || "surface" });
    const ratio = Math.min(2, devicePixelRatio || 1);
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const context = canvas.getContext("2d");
    const colors = shades(spec);
    const [n, m] = [spec.b.length, spec.a.length];
    const view = { turn: -0.65, tilt: 0.95, t: 1 };
    const unit = (value, values) => (2 * (value - values[0])) / (values.at(-1) - values[0]) - 1;
    const project = (u, v, h) => {
      const [c, s] = [Math.cos(view.turn), Math.sin(view.turn)];
      const [right, back] = [u * c - v * s, u * s + v * c];
      const size = Math.min(width * 0.3, height * 0.48);
      const up = (h - 0.4) * 1.05 * Math.sin(view.tilt) + back * Math.cos(view.tilt);
      return [(width / 2 + right * size) * ratio, (height / 2 - up * size) * ratio, back];
    };
    const loss = (a, b) => {
      const [p, q] = [((unit(a, spec.a) + 1) / 2) * (m - 1), ((unit(b, spec.b) + 1) / 2) * (n - 1)];
      const [j, i] = [Math.min(m - 2, Math.max(0, Math.floor(p))), Math.min(n - 2, Math.max(0, Math.floor(q)))];
      const at = (k, l) => colors.height(spec.loss[k][l]) ?? 1;
      const mix = (v, w, t) => v + (w - v) * t;
      return mix(mix(at(i, j), at(i, j + 1), p - j), mix(at(i + 1, j), at(i + 1, j + 1), p - j), q - i);
    };

    function draw() {
      context.clearRect(0, 0, canvas.width, canvas.height);
      const places = spec.loss.map((row, i) => row.map((value, j) => {
        const h = colors.height(value);
        return h === null ? null : [...project(unit(spec.a[j], spec.a), unit(spec.b[i], spec.b), h), h];
      }));
      const cells = [];
      for (let i = 0; i + 1 < n; i++) {
        for (let j = 0; j + 1 < m; j++) {
          const corners = [places[i][j], places[i][j + 1], places[i + 1][j + 1], places[i + 1][j]];
          if (!corners.includes(null)) cells.push([corners.reduce((sum, p) => sum + p[2], 0), corners]);
        }
      }
      cells.sort((p, q) => q[0] - p[0]);
      for (const [, corners] of cells) {
        const h = corners.reduce((sum, p) => sum + p[3], 0) / 4;
        const slope = Math.min(0.25, Math.max(-0.25, 1.6 * (corners[1][3] - corners[0][3] + corners[3][3] - corners[0][3])));
        const [r, g, b] = colors.shade(h).map((c) => Math.round(Math.min(255, Math.max(0, c * (1 - slope)))));
        context.beginPath();
        corners.forEach(([px, py], k) => (k ? context.lineTo(px, py) : context.moveTo(px, py)));
        context.closePath();
        context.fillStyle = context.strokeStyle = `rgb(${r},${g},${b})`;
        context.fill();
        context.stroke();
      }
      if (!spec.path) return;
      const now = along(spec, view.t);
      const gone = [...spec.path.slice(0, now.i + 1), [now.a, now.b]].map(([a, b]) => project(unit(a, spec.a), unit(b, spec.b), loss(a, b) + 0.015));
      context.lineJoin = "round";
      for (const [color, line] of [["rgba(29,32,37,.6)", 4], ["#ffb866", 2.2]]) {
        context.beginPath();
        gone.forEach(([px, py], k) => (k ? context.lineTo(px, py) : context.moveTo(px, py)));
        context.strokeStyle = color;
        context.lineWidth = line * ratio;
        context.stroke();
      }
      context.lineWidth = 1;
      const [px, py] = gone.at(-1);
      context.beginPath();
      context.arc(px, py, 6 * ratio, 0, 2 * Math.PI);
      context.fillStyle = "#fff";
      context.fill();
      context.lineWidth = 2.5 * ratio;
      context.strokeStyle = "#c8612c";
      context.stroke();
      context.lineWidth = 1;
    }

    let held = null;
    canvas.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", () => { held = null; });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      view.turn -= (event.clientX - held[0]) / 160;
      view.tilt = Math.min(1.5, Math.max(0.15, view.tilt - (event.clientY - held[1]) / 240));
      held = [event.clientX, event.clientY];
      draw();
    });
    player(figure, spec, (t) => { view.t = t; draw(); });
    footer(figure, spec);
  };
})();
