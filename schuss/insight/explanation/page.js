"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const quantities = data.quantities;
  const INFIX = {
    add: " + ", subtract: " − ", multiply: " · ", divide: " / ", power: " ^ ", remainder: " mod ", and: " and ", or: " or ",
    xor: " xor ", "=": " = ", "≠": " ≠ ", "<": " < ", "≤": " ≤ ", ">": " > ", "≥": " ≥ ",
  };
  const NAMES = {
    maximum: "max", minimum: "min", exponential: "exp", exponential_minus_one: "expm1", log_plus_one: "log1p", logistic: "σ",
    sine: "sin", cosine: "cos", round_nearest_even: "round",
  };
  const STRENGTH = { add: 1, subtract: 1, multiply: 2, divide: 2, power: 3 };

  // Small things ---

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "class") made.className = value;
      else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value);
    }
    for (const child of children) if (child !== null && child !== undefined) made.append(child);
    return made;
  }

  function formula(mathml) {  // made by the program's own typesetter, with all text in it escaped
    const holder = element("span");
    holder.innerHTML = mathml;
    return holder;
  }

  function written(value, digits = 4) {
    if (typeof value !== "number") return String(value ?? "NaN");
    if (value === 0 || Number.isInteger(value) && Math.abs(value) < 1e6) return String(value).replace("-", "−");
    const size = Math.abs(value);
    const text = size < 1e-3 || size >= 1e6 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
    return text.replace(/-/g, "−").replace("e+", "e");
  }

  function placeOf(flat, shape) {
    const place = [];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place.unshift(flat % shape[axis]);
      flat = Math.floor(flat / shape[axis]);
    }
    return place;
  }

  const inBrackets = (flat, shape) => (shape.length ? `[${placeOf(flat, shape).join(", ")}]` : "");

  function colour(value, scale) {
    if (typeof value !== "number" || !value || !scale) return "";
    const strength = Math.min(1, Math.sqrt(Math.abs(value) / scale)) * 0.72;
    return `rgba(var(--${value < 0 ? "minus" : "plus"}), ${strength.toFixed(3)})`;
  }

  // Matrices ---

  function heatMap(key) {
    const q = quantities[key];
    const figure = element("figure", { "data-key": key });
    const caption = element("figcaption", {}, formula(q.symbol), element("span", {}, q.name));
    if (q.shape.length) caption.append(element("span", {}, q.size));
    figure.append(caption);
    if (!q.planes.length) {
      figure.append(element("div", { class: "statistics" }, "empty"));
      return figure;
    }
    const grid = element("div", { class: "grid" });
    if (q.planes.length > 1) figure.append(choices(q, grid, key));
    figure.append(grid);
    grid.append(plane(key, q.planes[0]));
    if (q.shape.length && product(q.shape) > 1) figure.append(element("div", { class: "statistics" }, statistics(q)));
    return figure;
  }

  const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

  function statistics(q) {
    const shown = q.planes.reduce((n, p) => n + p.rows.length * p.columns.length, 0);
    const parts = [`min ${written(q.min)} · mean ${written(q.mean)} · max ${written(q.max)}`];
    if (q.bad) parts.push(`${q.bad} not finite`);
    if (shown < product(q.shape)) parts.push(`${shown} of ${product(q.shape).toLocaleString("en")} shown`);
    return parts.join(" · ");
  }

  function choices(q, grid, key) {
    const chips = element("div", { class: "chips" });
    q.planes.forEach((one, number) => {
      const chip = element("button", { type: "button", class: number ? "" : "on" }, `[${one.label}]`);
      chip.addEventListener("click", () => {
        grid.replaceChildren(plane(key, one));
        chips.querySelectorAll("button").forEach((c) => c.classList.toggle("on", c === chip));
      });
      chips.append(chip);
    });
    return chips;
  }

  function plane(key, one) {
    const q = quantities[key];
    const small = one.columns.length > 8;
    const table = element("table", { class: small ? "heat small" : "heat" });
    if (q.shape.length) {
      const head = element("tr", {}, element("th"));
      for (const c of one.columns) head.append(element("th", {}, String(c)));
      table.append(head);
    }
    one.values.forEach((values, r) => {
      const row = element("tr");
      if (q.shape.length) row.append(element("th", {}, q.shape.length > 1 ? String(one.rows[r]) : ""));
      values.forEach((value, c) => row.append(cell(key, one.flat[r][c], value, small)));
      table.append(row);
    });
    return table;
  }

  function cell(key, flat, value, small) {
    const q = quantities[key];
    const name = `${q.text}${inBrackets(flat, q.shape)} = ${written(value, 6)}`;
    const made = element("td", { tabindex: "0", role: "button", title: name, "aria-label": name, "data-flat": flat },
      small ? "" : written(value));
    if (typeof value === "number") made.style.background = colour(value, q.scale);
    else made.classList.add("bad");
    const chosen = () => show(key, flat, value, true);
    made.addEventListener("click", chosen);
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); chosen(); }
    });
    return made;
  }

  // Where a number came from ---

  const panel = document.getElementById("origin");
  const past = [];
  let current = null;

  function pick(values, at) {
    for (const i of at) {
      if (!Array.isArray(values)) return values;
      values = values[i];
    }
    return values;
  }

  function valueIn(key, flat) {
    for (const one of quantities[key].planes) {
      for (let r = 0; r < one.flat.length; r++) {
        const c = one.flat[r].indexOf(flat);
        if (c >= 0) return one.values[r][c];
      }
    }
    return undefined;
  }

  function show(key, flat, value, remember) {
    if (remember && current) past.push(current);
    current = [key, flat, value];
    const q = quantities[key];
    panel.replaceChildren(element("h2", {}, "Where it came from"));
    if (past.length) {
      panel.append(element("button", { type: "button", class: "back", onclick: () => { const [k, f, v] = past.pop(); current = null; show(k, f, v, false); } }, "← back"));
    }
    const head = element("p", { class: "value" }, formula(q.symbol), `${inBrackets(flat, q.shape)} = `, element("b", {}, written(value, 6)));
    panel.append(head, element("p", { class: "hint" }, `${q.name} · step ${q.home}`));
    if (q.formula) panel.append(element("div", { class: "by" }, formula(q.formula)));
    explain(q, flat, value);
    mark(key, flat);
  }

  function explain(q, flat, value) {
    if (!q.element) {
      panel.append(element("p", { class: "hint" }, given(q)));
      return;
    }
    panel.append(element("p", { class: "hint" }, "For one element:"), element("div", { class: "by" }, formula(q.element)));
    const at = q.origin ? q.origin.elements.indexOf(flat) : -1;
    if (at < 0) {
      panel.append(element("p", { class: "hint" }, "The terms of this element are not kept on the page, which would become too large; explanation.origin(…) in Python has them."));
      return;
    }
    const numbers = element("p", { class: "numbers" }, "= ");
    expression(q.origin.root, [at], 0, numbers);
    numbers.append(" = ", element("b", {}, written(value, 6)));
    panel.append(element("p", { class: "hint" }, "With its numbers:"), numbers);
    const sum = firstSum(q.origin.root);
    if (sum) panel.append(terms(sum, [at]));
    panel.append(element("p", { class: "hint" }, "Click an underlined number to go on to where that came from."));
  }

  function given(q) {
    if (q.name.includes("new minus old")) return "The new value minus the old one.";
    return q.origin === null && q.home === 1 ? "It is given: part of the data." : "It was there before this step, or one operation made it as a whole.";
  }

  function expression(origin, at, strength, into) {
    if (origin.kind === "apply") return applied(origin, at, strength, into);
    if (origin.kind === "leaf" || origin.kind === "made" || origin.kind === "constant") return leaf(origin, at, strength, into);
    const body = origin.parts[0];
    const count = shownTerms(body, at.length);
    const separator = origin.kind === "product" ? " · " : origin.kind === "sum" ? " + " : ", ";
    const enclosed = strength > 1 || separator === ", ";
    if (separator === ", ") into.append(origin.kind);
    if (enclosed) into.append("(");
    let first = true;
    for (let t = 0; t < count; t++) {
      if (origin.there && !pick(origin.there, [...at, t])) continue;
      if (!first) into.append(separator);
      first = false;
      expression(body, [...at, t], separator === ", " ? 0 : 1, into);
    }
    if (first) into.append("0");
    if (origin.count > count && !origin.there) into.append(`${separator}… (${origin.count} terms)`);
    if (enclosed) into.append(")");
  }

  function leaf(origin, at, strength, into) {
    const value = pick(origin.value, at);
    const text = written(value);
    const shown = strength > 1 && text.startsWith("−") ? `(${text})` : text;
    if (origin.kind !== "leaf" || !origin.key) {
      into.append(element("span", { class: "plain", title: origin.op || origin.text || "constant" }, shown));
      return;
    }
    const flat = origin.flat === undefined ? 0 : pick(origin.flat, at);
    const name = `${origin.text}${inBrackets(flat, origin.shape)}`;
    into.append(element("button", { type: "button", class: "leaf", title: name, onclick: () => show(origin.key, flat, value, true) }, shown));
  }

  function applied(origin, at, strength, into) {
    const op = origin.op, parts = origin.parts;
    const put = (n, s) => expression(parts[n], at, s, into);
    if (op === "negative") { into.append(strength > 1 ? "(−" : "−"); put(0, 2); if (strength > 1) into.append(")"); return; }
    if (op === "square") { into.append("("); put(0, 0); into.append(")²"); return; }
    if (op === "select") { into.append("("); put(1, 0); into.append(" where "); put(0, 0); into.append(", else "); put(2, 0); into.append(")"); return; }
    if (op === "inside") { if (pick(parts[0].value, at)) put(1, strength); else into.append("0 (outside)"); return; }
    if (INFIX[op] && parts.length === 2) {
      const own = STRENGTH[op] || 0;
      const enclosed = own < strength || (own === 0 && strength > 0);
      if (enclosed) into.append("(");
      put(0, Math.max(1, own));
      into.append(INFIX[op]);
      put(1, Math.max(1, own + (["subtract", "divide", "power"].includes(op) ? 1 : 0)));
      if (enclosed) into.append(")");
      return;
    }
    into.append(`${NAMES[op] || op}(`);
    parts.forEach((_, n) => { if (n) into.append(", "); put(n, 0); });
    into.append(")");
  }

  function shownTerms(origin, depth) {
    if (origin.parts && origin.kind === "apply") return Math.max(...origin.parts.map((p) => shownTerms(p, depth)));
    if (origin.parts) return shownTerms(origin.parts[0], depth);
    let values = origin.flat ?? origin.value;
    for (let i = 0; i < depth && Array.isArray(values); i++) values = values[0];
    return Array.isArray(values) ? values.length : 1;
  }

  function firstSum(origin) {
    if (origin.kind === "sum" && twoFactors(origin.parts[0])) return origin;
    for (const part of origin.parts || []) {
      const found = origin.kind === "apply" ? firstSum(part) : null;
      if (found) return found;
    }
    return null;
  }

  const twoFactors = (body) => body.kind === "apply" && body.op === "multiply" && body.parts.every((p) => p.kind === "leaf");

  function terms(sum, at) {
    const [a, b] = sum.parts[0].parts;
    const table = element("table", { class: "terms" });
    const name = (leafs, where) => `${leafs.text}${inBrackets(pick(leafs.flat, where), leafs.shape)}`;
    table.append(element("tr", {}, element("th", {}, "term"), element("th", {}, ""), element("th", {}, ""), element("th", {}, "product")));
    let total = 0;
    const count = shownTerms(sum.parts[0], at.length);
    for (let t = 0; t < count; t++) {
      const where = [...at, t];
      const both = pick(a.value, where) * pick(b.value, where);
      total += both;
      const row = element("tr", {}, element("td", {}, `${name(a, where)} · ${name(b, where)}`));
      for (const factor of [a, b]) {
        const td = element("td");
        leaf(factor, where, 0, td);
        row.append(td);
      }
      row.append(element("td", {}, written(both)));
      table.append(row);
    }
    const more = sum.count - count;
    const label = more ? `the ${count} largest of ${sum.count} terms` : "sum";
    table.append(element("tr", { class: "total" }, element("td", { colspan: "3" }, label), element("td", {}, written(total, 5))));
    return table;
  }

  function mark(key, flat) {
    document.querySelectorAll("td.chosen").forEach((td) => td.classList.remove("chosen"));
    document.querySelectorAll("figure.found").forEach((f) => f.classList.remove("found"));
    const figures = [...document.querySelectorAll("figure")].filter((f) => f.dataset.key === key);
    for (const figure of figures) {
      figure.classList.add("found");
      figure.querySelectorAll("td").forEach((td) => td.classList.toggle("chosen", td.dataset.flat === String(flat)));
    }
    figures.forEach((figure) => figure.closest("details")?.setAttribute("open", ""));
    const home = figures[0];
    if (home && !figures.some(isSeen)) home.scrollIntoView({ block: "center", behavior: "smooth" });
  }

  function isSeen(node) {
    const box = node.getBoundingClientRect();
    return box.bottom > 40 && box.top < window.innerHeight - 40;
  }

  // The page ---

  function article(step) {
    const made = element("article", { id: `step-${step.number}` },
      element("h3", {}, element("span", { class: "number" }, String(step.number)), element("span", {}, step.title),
        element("span", { class: "kind" }, step.kind)));
    if (step.what) made.append(element("p", {}, step.what));
    if (step.formulas.length) {
      const formulas = element("div", { class: "formulas" });
      for (const one of step.formulas) formulas.append(element("div", {}, formula(one)));
      made.append(formulas);
    }
    const others = step.inputs.filter((key) => !step.quantities.includes(key));
    const near = others.filter((key) => product(quantities[key].shape) <= 64);
    const far = others.filter((key) => !near.includes(key));
    if (far.length) {
      const refers = element("p", { class: "refers" }, "with");
      for (const key of far) {
        const button = element("button", { type: "button", onclick: () => goTo(key) }, formula(quantities[key].symbol), ` ${quantities[key].size}`);
        refers.append(button);
      }
      made.append(refers);
    }
    const matrices = element("div", { class: "quantities" });
    for (const key of [...near, ...step.quantities]) matrices.append(heatMap(key));
    made.append(matrices);
    if (step.inner.length) made.append(within(step.inner));
    if (step.note) made.append(element("p", { class: "note" }, step.note));
    return made;
  }

  function within(keys) {
    const inner = element("div", { class: "quantities" });
    for (const key of keys) inner.append(heatMap(key));
    return element("details", {}, element("summary", {}, `${keys.length} intermediate value${keys.length > 1 ? "s" : ""}`), inner);
  }

  function goTo(key) {
    document.getElementById(`step-${quantities[key].home}`)?.scrollIntoView({ behavior: "smooth" });
    const figure = [...document.querySelectorAll("figure")].find((f) => f.dataset.key === key);
    document.querySelectorAll("figure.found").forEach((f) => f.classList.remove("found"));
    figure?.classList.add("found");
  }

  function outcome() {
    const o = data.outcome;
    const rows = [
      ["the loss before", o.before, null, ""],
      ["predicted by the gradient: J + ∇J·s", o.first_order, o.slope, "bar"],
      ["and by the curvature: + ½ sᵀH s", o.second_order, o.slope + o.curvature, "bar"],
      ["the loss after", o.after, o.after - o.before, "bar real"],
    ];
    const largest = Math.max(...rows.map((r) => Math.abs(r[2] ?? 0))) || 1;
    const grid = element("div", { class: "outcome" });
    for (const [name, value, change, kind] of rows) {
      const bar = element("div", {});
      if (change !== null) {
        const drawn = element("div", { class: kind + (change > 0 && kind === "bar" ? " up" : "") });
        drawn.style.width = `${(Math.abs(change) / largest * 100).toFixed(1)}%`;
        bar.append(drawn);
      }
      grid.append(element("span", {}, name), element("span", { class: "v" }, written(value, 7)),
        element("span", { class: "v" }, change === null ? "" : (change > 0 ? "+" : "") + written(change)), bar);
    }
    return element("article", { id: "step-outcome" },
      element("h3", {}, element("span", {}, "The loss before and after")),
      element("p", {}, "On the same batch, with the same random numbers. s is the step that all weights took together."),
      grid, element("p", { class: "statistics" }, `length of the gradient ${written(o.gradient_norm)} · length of the step ${written(o.step_norm)}`));
  }

  function build() {
    const main = document.getElementById("main"), contents = document.getElementById("contents");
    main.append(element("h1", {}, `One step of learning: ${data.model}`),
      element("p", { class: "lead" }, `${data.rows} samples, ${data.optimizer}. Every number is one that the training step computes. Click any to see where it came from.`));
    for (const section of data.sections) {
      if (!section.steps.length) continue;
      contents.append(element("h2", {}, section.title));
      const made = element("section", {}, element("h2", {}, section.title), element("p", {}, section.what));
      for (const step of section.steps) {
        made.append(article(step));
        contents.append(element("a", { href: `#step-${step.number}`, title: `${step.title} (${step.kind})` }, `${step.number}  ${short(step.title)}`));
      }
      main.append(made);
    }
    contents.append(element("h2", {}, "Outcome"), element("a", { href: "#step-outcome" }, "The loss before and after"));
    main.append(element("section", {}, element("h2", {}, "What came of it"), element("p", {}, "A step is right if the loss falls as predicted."), outcome()));
    panel.append(element("h2", {}, "Where it came from"),
      element("p", { class: "hint" }, "Click a number: here you see by which formula it was computed, and from which numbers. Red is positive, blue negative; stronger is larger."));
    follow(contents);
  }

  const short = (title) => (title.startsWith(`${data.model}/`) ? title.slice(data.model.length + 1) : title);

  function follow(contents) {
    const links = new Map([...contents.querySelectorAll("a")].map((a) => [a.getAttribute("href").slice(1), a]));
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) links.get(entry.target.id)?.classList.toggle("here", entry.isIntersecting);
    }, { rootMargin: "-30% 0px -60% 0px" });
    document.querySelectorAll("article").forEach((a) => watcher.observe(a));
  }

  build();
})();
