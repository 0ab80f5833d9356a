/** How many colours series have; a further one begins again. */
export const colours = 6;

const light = ["#1f6feb", "#d9480f", "#2b8a3e", "#9c36b5", "#0c8599", "#946200"];
const dark = ["#58a6ff", "#ff922b", "#69db7c", "#da77f2", "#3bc9db", "#e3b341"];

/** What charts need, alone or within a page: readable on light and on dark. */
export const chartStyle = `
.chart{--ink:#1f2328;--soft:#59636e;--rule:#d8dee4;${variables(light)}font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.chart{--ink:#e6edf3;--soft:#9198a1;--rule:#30363d;${variables(dark)}}}
.chart text{fill:var(--ink)}.chart .soft{fill:var(--soft)}
.chart .rule{stroke:var(--rule);stroke-width:1}
.chart .line{fill:none;stroke-width:1.8;stroke-linejoin:round}.chart .dashed{stroke-dasharray:4 3;stroke-width:1.2}
.chart .spot{fill:transparent}.chart .spot:hover{fill:var(--ink)}
${Array.from({ length: colours }, (_, at) => `.chart .s${at}{stroke:var(--s${at})}.chart .b${at}{fill:var(--s${at})}`).join("\n")}
`;

export const pageStyle = `
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--rule:#d8dee4;--ground:#fff;--good:#1a7f37;--bad:#cf222e}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--rule:#30363d;--ground:#0d1117;--good:#3fb950;--bad:#f85149}}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--rule);padding-bottom:.25rem}
h3{font-size:.95rem;margin:1rem 0 .25rem}
p{margin:.25rem 0;color:var(--soft)}.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;white-space:nowrap}
th,td{padding:.2rem .7rem .2rem 0;text-align:left;border-bottom:1px solid var(--rule)}th{color:var(--soft);font-weight:500}
td.number,th.number{text-align:right}
svg{max-width:100%;height:auto}
ul{margin:.25rem 0;padding-left:1.2rem;font-size:.85rem;overflow-wrap:anywhere}
`;

function variables(values: readonly string[]): string {
  return values.map((colour, at) => `--s${at}:${colour};`).join("");
}
