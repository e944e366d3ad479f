"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");

  for (const element of document.querySelectorAll(".math")) {
    const text = element.textContent.trim();
    const display = text.startsWith("\\[") || element.classList.contains("display");
    const formula = text.replace(/^\\[([]/, "").replace(/\\[)\]]$/, "");
    try {
      katex.render(formula, element, { displayMode: display, throwOnError: false, trust: false });
    } catch {
      // The formula stays readable as text.
    }
  }

  // One after the other: the library draws one diagram at a time.
  const drawDiagrams = async () => {
    const elements = document.querySelectorAll("pre.mermaid, code.language-mermaid");
    if (elements.length > 0) mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme: dark.matches ? "dark" : "default" });
    for (const [index, element] of elements.entries()) {
      try {
        const { svg } = await mermaid.render(`diagram-${index}`, element.textContent);
        const drawing = document.createElement("div");
        drawing.className = "diagram";
        drawing.innerHTML = svg;
        (element.closest("pre") ?? element).replaceWith(drawing);
      } catch {
        // The diagram stays readable as text.
        document.getElementById(`ddiagram-${index}`)?.remove();
      }
    }
  };
  drawDiagrams();

  const draw = (element, chart) => {
    const ink = dark.matches ? "#d7dae0" : "#24292f";
    const grid = dark.matches ? "#3a3f4a" : "#e4e7eb";
    const layout = { ...chart.layout, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    layout.font = { family: "system-ui, sans-serif", ...layout.font, color: ink };
    if (layout.template) layout.template = { ...layout.template, layout: {} };
    for (const name of Object.keys({ xaxis: 0, yaxis: 0, ...layout }).filter(key => /^[xy]axis\d*$/.test(key))) {
      layout[name] = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true, ...layout[name] };
    }
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: grid, activecolor: ink, ...layout.modebar };
    delete layout.width;
    layout.margin = { t: layout.title ? 48 : 24, r: 16, b: 48, l: 56, ...layout.margin };
    Plotly.react(element, chart.data ?? [], layout, { responsive: true, displaylogo: false });
  };

  for (const element of document.querySelectorAll(".chart")) {
    const data = element.querySelector("script");
    const chart = JSON.parse(data.textContent);
    data.remove();
    draw(element, chart);
    dark.addEventListener("change", () => draw(element, chart));
  }
})();
