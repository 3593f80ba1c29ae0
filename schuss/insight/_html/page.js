"use strict";
// Draws the figures of a page from their JSON, which stands in a script element of the type application/json in each.
// Texts get into the page through textContent and setAttribute only. `Schuss.kinds` maps the kinds of plots to functions
// (figure, spec) that draw them; pages may add their own.
const Schuss = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const COLORS = 8;
  const kinds = {};

  function element(parent, name, attributes = {}, text = null) {
    const isHtml = parent === null || parent.namespaceURI !== SVG;
    const made = isHtml && name !== "svg" ? document.createElement(name) : document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    if (parent) parent.appendChild(made);
    return made;
  }

  // A figure's width in the units of its drawing, which are pixels as long as the window stays as it is.
  const widthOf = (figure) => (figure.clientWidth > 80 ? Math.max(320, figure.clientWidth - 34) : 640);

  const color = (index) => `var(--c${((index % COLORS) + COLORS) % COLORS})`;

  function said(value) {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
    const text = value.toPrecision(4);
    return text.includes("e") ? text.replace(/\.?0*e\+?/, "e") : String(Number(text));
  }

  // Scales: numbers to places and back, with ticks.
  function scale(low, high, from, to, isLog) {
    const f = isLog ? Math.log10 : (v) => v;
    const back = isLog ? (v) => 10 ** v : (v) => v;
    let [a, b] = [f(low), f(high)];
    if (a === b) [a, b] = [a - 0.5, b + 0.5];
    const place = (v) => from + ((f(v) - a) / (b - a)) * (to - from);
    place.invert = (p) => back(a + ((p - from) / (to - from)) * (b - a));
    place.ticks = isLog ? logTicks(a, b) : linearTicks(a, b, Math.abs(to - from) > 320 ? 7 : 5);
    return place;
  }

  function linearTicks(a, b, count) {
    const rough = (b - a) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
    const ticks = [];
    for (let n = Math.ceil(a / step - 1e-9); n * step <= b + step * 1e-9; n++) ticks.push(Number((n * step).toPrecision(12)));
    return ticks;
  }

  function logTicks(a, b) {
    if (b - a < 1) return linearTicks(10 ** a, 10 ** b, 4).filter((v) => v > 0);
    const every = Math.max(1, Math.ceil((b - a) / 6));
    const ticks = [];
    for (let n = Math.ceil(a - 1e-9); n <= b + 1e-9; n += every) ticks.push(10 ** n);
    return ticks;
  }

  function range(values, isLog) {
    let [low, high] = [Infinity, -Infinity];
    for (const v of values) {
      if (v === null || v === undefined || !Number.isFinite(v) || (isLog && v <= 0)) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
    if (low > high) return isLog ? [0.1, 1] : [0, 1];
    if (isLog) return [low / 1.15, high * 1.15];
    const margin = (high - low || Math.abs(high) || 1) * 0.05;
    return [low - margin, high + margin];
  }

  const tip = {
    box: null,
    show(event, text) {
      if (!this.box) this.box = element(document.body, "div", { class: "tip" });
      this.box.hidden = false;
      this.box.textContent = text;
      const { offsetWidth: w, offsetHeight: h } = this.box;
      const x = event.clientX + 14 + w > innerWidth ? event.clientX - w - 14 : event.clientX + 14;
      this.box.style.left = `${Math.max(4, x)}px`;
      this.box.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - h - 6))}px`;
    },
    hide() {
      if (this.box) this.box.hidden = true;
    },
  };

  function header(figure, spec) {
    const top = element(figure, "header");
    if (spec.title) element(top, "strong", {}, spec.title);
    return top;
  }

  function footer(figure, spec) {
    if (spec.note) element(figure, "figcaption", {}, spec.note);
  }

  function drawing(figure, width, height, label) {
    return element(figure, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label || "plot" });
  }

  function axes(svg, spec, x, y, frame) {
    const { left, right, top, bottom } = frame;
    for (const tick of y.ticks) {
      element(svg, "line", { x1: left, x2: right, y1: y(tick), y2: y(tick), stroke: "var(--grid)" });
      element(svg, "text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, said(tick));
    }
    for (const tick of x.ticks) {
      element(svg, "line", { x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4, stroke: "var(--faint)" });
      element(svg, "text", { x: x(tick), y: bottom + 16, "text-anchor": "middle" }, said(tick));
    }
    element(svg, "line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: "var(--faint)" });
    if (spec.xLabel) element(svg, "text", { x: right, y: bottom + 30, "text-anchor": "end" }, spec.xLabel);
    if (spec.yLabel) element(svg, "text", { x: left - 38, y: top - 12 }, spec.yLabel);
  }

  // Where a place of the screen is in the drawing.
  function placeIn(svg, event) {
    const box = svg.getBoundingClientRect();
    const factor = svg.viewBox.baseVal.width / box.width;
    return [(event.clientX - box.left) * factor, (event.clientY - box.top) * factor];
  }

  function path(xs, ys, x, y, isLogX, isLogY) {
    let text = "";
    let down = false;
    for (let i = 0; i < xs.length; i++) {
      const [u, v] = [xs[i], ys[i]];
      const is = u !== null && v !== null && (!isLogX || u > 0) && (!isLogY || v > 0);
      if (is) text += `${down ? "L" : "M"}${x(u).toFixed(1)} ${y(v).toFixed(1)}`;
      down = is;
    }
    return text;
  }

  function band(series, x, y, isLogX, isLogY) {
    const points = series.x.map((u, i) => [u, series.low[i], series.high[i]]).filter(
      ([u, l, h]) => u !== null && l !== null && h !== null && (!isLogX || u > 0) && (!isLogY || l > 0),
    );
    if (!points.length) return "";
    const there = points.map(([u, , h]) => `${x(u).toFixed(1)} ${y(h).toFixed(1)}`);
    const back = points.reverse().map(([u, l]) => `${x(u).toFixed(1)} ${y(l).toFixed(1)}`);
    return `M${there.join("L")}L${back.join("L")}Z`;
  }

  // Curves and clouds of points: series over x; hover tells values, dragging zooms, a double click shows all again.
  kinds.xy = (figure, spec) => {
    const [width, height] = [widthOf(figure), spec.height || 260];
    const frame = { left: 56, right: width - 12, top: 28, bottom: height - 38 };
    const state = { hidden: new Set(), xLog: !!spec.xLog, yLog: !!spec.yLog, view: null };
    const top = header(figure, spec);
    for (const [name, key] of [["log x", "xLog"], ["log y", "yLog"]]) {
      if (spec.canLog === false || !spec.series.some((s) => (key === "xLog" ? s.x : s.y).some((v) => v > 0))) continue;
      if (key === "xLog" && !spec.xLog) continue;
      const button = element(top, "button", { type: "button", "aria-pressed": state[key] }, name);
      button.addEventListener("click", () => {
        state[key] = !state[key];
        state.view = null;
        button.setAttribute("aria-pressed", state[key]);
        draw();
      });
    }
    const svg = drawing(figure, width, height, spec.title);
    const legend = element(figure, "div", { class: "legend" });
    footer(figure, spec);
    spec.series.forEach((series, index) => {
      if (spec.series.length < 2 && !series.name) return;
      const entry = element(legend, "button", { type: "button", "aria-pressed": true });
      element(entry, "i", { style: `background:${color(series.color ?? index)};opacity:${series.faint ? 0.45 : 1}` });
      element(entry, "span", {}, series.name);
      entry.addEventListener("click", () => {
        state.hidden.has(index) ? state.hidden.delete(index) : state.hidden.add(index);
        entry.setAttribute("aria-pressed", !state.hidden.has(index));
        draw();
      });
    });
    const visible = () => spec.series.map((s, i) => [s, i]).filter(([, i]) => !state.hidden.has(i));
    let x, y;

    function draw() {
      svg.replaceChildren();
      const shown = visible();
      const all = shown.length ? shown : spec.series.map((s, i) => [s, i]);
      const [x0, x1] = state.view?.x || spec.xRange || range(all.flatMap(([s]) => s.x), state.xLog);
      const within = all.flatMap(([s]) => s.y.filter((_, i) => s.x[i] >= x0 && s.x[i] <= x1));
      const marks = (spec.marks || []).map((m) => m.y).filter((v) => v !== undefined);
      const [y0, y1] = state.view?.y || (state.view ? null : spec.yRange) || range([...within, ...marks], state.yLog);
      x = scale(x0, x1, frame.left, frame.right, state.xLog);
      y = scale(y0, y1, frame.bottom, frame.top, state.yLog);
      axes(svg, spec, x, y, frame);
      const id = `clip${Math.random().toString(36).slice(2)}`;
      const clip = element(element(svg, "defs"), "clipPath", { id });
      element(clip, "rect", { x: frame.left, y: frame.top - 2, width: frame.right - frame.left, height: frame.bottom - frame.top + 4 });
      const inner = element(svg, "g", { "clip-path": `url(#${id})` });
      for (const mark of spec.marks || []) {
        const at = mark.y !== undefined ? { x1: frame.left, x2: frame.right, y1: y(mark.y), y2: y(mark.y) }
          : { x1: x(mark.x), x2: x(mark.x), y1: frame.top, y2: frame.bottom };
        element(inner, "line", { ...at, stroke: "var(--faint)", "stroke-dasharray": "4 4" });
        element(inner, "text", mark.y !== undefined ? { x: frame.right - 4, y: y(mark.y) - 4, "text-anchor": "end" }
          : { x: x(mark.x) + 4, y: frame.top + 10 }, mark.label || "");
      }
      if (spec.diagonal) {
        const [low, high] = [Math.max(x0, y0), Math.min(x1, y1)];
        element(inner, "line", { x1: x(low), y1: y(low), x2: x(high), y2: y(high), stroke: "var(--faint)", "stroke-dasharray": "4 4" });
      }
      for (const [series, index] of shown) {
        const stroke = color(series.color ?? index);
        if (series.low) element(inner, "path", { d: band(series, x, y, state.xLog, state.yLog), fill: stroke, "fill-opacity": 0.16 });
        if (series.points) {
          series.x.forEach((u, i) => {
            if (u === null || series.y[i] === null || (state.xLog && u <= 0) || (state.yLog && series.y[i] <= 0)) return;
            element(inner, "circle", { cx: x(u).toFixed(1), cy: y(series.y[i]).toFixed(1), r: series.x.length > 400 ? 2 : 3, fill: stroke, "fill-opacity": 0.55 });
          });
          continue;
        }
        element(inner, "path", {
          d: path(series.x, series.y, x, y, state.xLog, state.yLog), fill: "none", stroke, "stroke-width": series.faint ? 1 : 1.8, "stroke-opacity": series.faint ? 0.35 : 1,
          "stroke-linejoin": "round", ...(series.dashed ? { "stroke-dasharray": "5 4" } : {}),
        });
        if (series.x.length < 40) {
          series.x.forEach((u, i) => {
            if (series.y[i] !== null && (!state.yLog || series.y[i] > 0)) element(inner, "circle", { cx: x(u).toFixed(1), cy: y(series.y[i]).toFixed(1), r: 2.4, fill: stroke });
          });
        }
      }
    }

    function nearest(series, px, py) {
      let [best, distance] = [-1, Infinity];
      series.x.forEach((u, i) => {
        if (series.y[i] === null || u === null) return;
        const d = Math.abs(x(u) - px) + (series.points ? Math.abs(y(series.y[i]) - py) : 0);
        if (d < distance) [best, distance] = [i, d];
      });
      return [best, distance];
    }

    let start = null;
    let over = null;
    const frameOf = (p) => [Math.min(Math.max(p[0], frame.left), frame.right), Math.min(Math.max(p[1], frame.top), frame.bottom)];
    svg.addEventListener("pointermove", (event) => {
      const at = placeIn(svg, event);
      over?.remove();
      over = element(svg, "g", { "pointer-events": "none" });
      if (start) {
        const [a, b] = [frameOf(start), frameOf(at)];
        element(over, "rect", {
          x: Math.min(a[0], b[0]), width: Math.abs(a[0] - b[0]), y: frame.top, height: frame.bottom - frame.top,
          fill: "var(--c0)", "fill-opacity": 0.12,
        });
        return;
      }
      if (at[0] < frame.left || at[0] > frame.right) return tip.hide();
      const found = visible().map(([s, i]) => [s, i, ...nearest(s, ...at)]).filter(([, , k]) => k >= 0);
      if (!found.length) return;
      const closest = found.reduce((a, b) => (b[3] < a[3] ? b : a));
      const u = closest[0].x[closest[2]];
      const isCloud = closest[0].points;
      if (isCloud && closest[3] > 24) return tip.hide();
      if (!isCloud) element(over, "line", { x1: x(u), x2: x(u), y1: frame.top, y2: frame.bottom, stroke: "var(--faint)" });
      const lines = isCloud ? [] : [`${spec.xLabel || "x"} ${said(u)}`];
      for (const [series, index, k, distance] of isCloud ? [closest] : found) {
        if (distance > closest[3] + 12) continue;
        const v = series.y[k];
        element(over, "circle", { cx: x(series.x[k]), cy: y(v), r: 4, fill: color(series.color ?? index), stroke: "var(--card)" });
        const label = series.labels?.[k];
        if (label) lines.push(label);
        lines.push(isCloud ? `${spec.xLabel || "x"} ${said(series.x[k])}, ${spec.yLabel || "y"} ${said(v)}`
          : `${series.name || spec.yLabel || "y"}: ${said(v)}${series.low ? ` (${said(series.low[k])} to ${said(series.high[k])})` : ""}`);
      }
      tip.show(event, lines.join("\n"));
    });
    svg.addEventListener("pointerleave", () => { over?.remove(); tip.hide(); });
    svg.addEventListener("pointerdown", (event) => {
      start = placeIn(svg, event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointerup", (event) => {
      const [a, b] = [frameOf(start || [0, 0]), frameOf(placeIn(svg, event))];
      start = null;
      if (Math.abs(a[0] - b[0]) < 8) return;
      state.view = { x: [x.invert(Math.min(a[0], b[0])), x.invert(Math.max(a[0], b[0]))] };
      draw();
    });
    svg.addEventListener("dblclick", () => { state.view = null; draw(); });
    draw();
  };

  // Numbers from `low` to `high` of a scale as a mix of two colours; where `diverging`, of three with 0 between.
  function shade(value, low, high, diverging) {
    if (value === null) return "transparent";
    const part = (v) => `${(100 * Math.min(Math.max(v, 0), 1)).toFixed(1)}%`;
    if (diverging) {
      const end = Math.max(Math.abs(low), Math.abs(high)) || 1;
      return `color-mix(in oklab, var(${value < 0 ? "--negative" : "--high"}) ${part(Math.abs(value) / end)}, var(--low))`;
    }
    return `color-mix(in oklab, var(--high) ${part((value - low) / (high - low || 1))}, var(--low))`;
  }

  // Matrices: a cell's colour is its number. A click shows the element `${target}-${row}-${column}` and hides its siblings.
  kinds.heat = (figure, spec) => {
    const [n, m, width] = [spec.values.length, spec.values[0]?.length || 0, widthOf(figure)];
    header(figure, spec);
    const longest = Math.max(...(spec.rows || [""]).map((r) => String(r).length), 2);
    const left = Math.min(24 + longest * 6.2, 170);
    const slanted = (spec.columns || []).some((c) => String(c).length * 6.5 > (width - left) / m - 4);
    const topSpace = spec.columns && spec.columns.length ? (slanted ? 74 : 26) : 8;
    const size = (width - left - 8) / m;
    const tall = spec.square ? Math.min(size, 46) : Math.max(6, Math.min(24, (spec.height || 280) / n));
    const wide = spec.square ? tall : size;
    const height = topSpace + n * tall + (spec.columnLabel ? 30 : 12);
    const svg = drawing(figure, width, height, spec.title);
    const flat = spec.values.flat().filter((v) => v !== null);
    const [low, high] = spec.range || [Math.min(...flat, spec.diverging ? 0 : Infinity), Math.max(...flat)];
    const cut = (text, most) => (String(text).length > most ? `${String(text).slice(0, most - 1)}…` : String(text));
    (spec.rows || []).forEach((row, i) => {
      if (tall < 11 && i % Math.ceil(11 / tall)) return;
      element(svg, "text", { x: left - 8, y: topSpace + (i + 0.5) * tall + 4, "text-anchor": "end" }, cut(row, 24));
    });
    const everyColumn = slanted ? Math.max(1, Math.ceil(12 / wide)) : 1;
    (spec.columns || []).forEach((column, j) => {
      if (j % everyColumn) return;
      const [cx, cy] = [left + (j + 0.5) * wide, topSpace - 8];
      const turned = slanted ? { transform: `rotate(-50 ${cx} ${cy})` } : { "text-anchor": "middle" };
      element(svg, "text", { x: cx, y: cy, ...turned }, cut(column, 14));
    });
    let chosen = null;
    spec.values.forEach((row, i) => row.forEach((value, j) => {
      const cell = element(svg, "rect", {
        x: left + j * wide, y: topSpace + i * tall, width: Math.max(wide - (wide > 5 ? 1 : -0.3), 0.5), height: Math.max(tall - (tall > 5 && wide > 5 ? 1 : -0.3), 0.5),
        style: `fill:${shade(value, low, high, spec.diverging)}`, rx: wide > 14 ? 2 : 0,
      });
      if (spec.text && wide > 17 && tall > 13 && value !== null) {
        const strong = (value - low) / (high - low || 1) > 0.55 || (spec.diverging && Math.abs(value) / Math.max(-low, high) > 0.55);
        const text = spec.labels ? spec.labels[i][j] : said(value);
        element(svg, "text", {
          x: left + (j + 0.5) * wide, y: topSpace + (i + 0.5) * tall + 4, "text-anchor": "middle", "pointer-events": "none",
          style: strong ? "fill:var(--card)" : "fill:var(--ink)",
        }, text);
      }
      cell.addEventListener("pointermove", (event) => tip.show(event, [
        `${spec.rowLabel || "row"}: ${(spec.rows || [])[i] ?? i}`, `${spec.columnLabel || "column"}: ${(spec.columns || [])[j] ?? j}`,
        `${spec.valueLabel || "value"}: ${spec.tips ? spec.tips[i][j] : said(value)}`,
      ].join("\n")));
      cell.addEventListener("pointerleave", () => tip.hide());
      const shown = spec.target && document.getElementById(`${spec.target}-${i}-${j}`);
      if (!shown) return;
      cell.style.cursor = "pointer";
      cell.addEventListener("click", () => {
        for (const other of shown.parentElement.children) other.hidden = other !== shown;
        chosen?.removeAttribute("stroke");
        chosen = cell;
        cell.setAttribute("stroke", "var(--ink)");
      });
    }));
    if (spec.columnLabel) element(svg, "text", { x: left, y: height - 6 }, `${spec.rowLabel || ""} ↓   ${spec.columnLabel} →`);
    footer(figure, spec);
  };

  // Bars: a number for each name.
  kinds.bars = (figure, spec) => {
    header(figure, spec);
    const width = widthOf(figure);
    const names = spec.names.map(String);
    const left = Math.min(20 + Math.max(...names.map((n) => n.length), 2) * 6.4, 220);
    const tall = Math.max(7, Math.min(24, 420 / names.length));
    const height = names.length * tall + 10;
    const svg = drawing(figure, width, height, spec.title);
    const most = Math.max(...spec.values.map((v) => Math.abs(v ?? 0)), 1e-300);
    names.forEach((name, i) => {
      const [value, y] = [spec.values[i] ?? 0, i * tall + 4];
      const long = (Math.abs(value) / most) * (width - left - 90);
      if (tall >= 11 || i % 2 === 0) element(svg, "text", { x: left - 8, y: y + tall / 2 + 3, "text-anchor": "end" }, name.length > 32 ? `${name.slice(0, 31)}…` : name);
      const bar = element(svg, "rect", { x: left, y, width: Math.max(long, 0.8), height: tall - 3, rx: 2, fill: value < 0 ? "var(--negative)" : color(spec.color ?? 0) });
      element(svg, "text", { x: left + long + 6, y: y + tall / 2 + 3 }, spec.labels ? spec.labels[i] : said(spec.values[i]));
      bar.addEventListener("pointermove", (event) => tip.show(event, `${name}\n${said(spec.values[i])}`));
      bar.addEventListener("pointerleave", () => tip.hide());
    });
    footer(figure, spec);
  };

  function drawAll() {
    for (const figure of document.querySelectorAll("figure.plot")) {
      const script = figure.querySelector('script[type="application/json"]');
      if (!script) continue;
      const spec = JSON.parse(script.textContent);
      kinds[spec.kind](figure, spec);
    }
  }

  function theme() {
    const root = document.documentElement;
    document.getElementById("theme")?.addEventListener("click", () => {
      const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = isDark ? "light" : "dark";
    });
  }

  document.addEventListener("DOMContentLoaded", () => { drawAll(); theme(); });
  return { kinds, element, color, said, scale, range, tip, header, footer, drawing, axes, placeIn, shade, widthOf };
})();
