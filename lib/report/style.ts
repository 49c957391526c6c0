/**
 * The one style sheet, written into every page so that a page is one file. Charts take their
 * colours from the same variables (charts/colours.ts). The dark ones hold on screens only: paper
 * stays white. Text colours have a contrast of at least 4.5 to 1 on both grounds. A digest stands
 * on one line where its 64 signs fit, and else on two of 32.
 */
const SOURCE = `
:root {
  color-scheme: light dark; --ground: #fbfbf9; --card: #fff; --text: #1c1f23; --soft: #626870;
  --rule: #e4e4df; --grid: #e4e4df; --accent: #2457c5; --bad: #b92f26; --warn: #8f5600;
  --note: #4a6a8a; --calm: #1f7a4d; --user: #5b8def; --system: #a7bff5; --io: #f0b35b;
  --memory: #7dbfa5; --critical: #c0362c; --major: #e07b39; --minor: #e0b739; --warning: #9aa5b1;
  --unknown: #c9ced4;
}
@media screen and (prefers-color-scheme:dark) {
  :root {
    --ground: #14161a; --card: #1b1e24; --text: #e6e7e8; --soft: #9ba2ab; --rule: #2a2e35;
    --grid: #2a2e35; --accent: #8ab0ff; --bad: #ff8177; --warn: #e6a64a; --note: #9bb8d6;
    --calm: #5cc08d; --user: #5b8def; --system: #35508f; --io: #c98a35; --memory: #4b8f77;
    --critical: #e5564b; --major: #d9783a; --minor: #c7a02e; --warning: #7d8893;
    --unknown: #4d545c;
  }
}
* { box-sizing: border-box }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 15px/1.55 system-ui, "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
header, main { max-width: 1080px; margin: 0 auto; padding: 0 24px }
main { padding-bottom: 40px }
a { color: var(--accent); text-decoration: none }
a:hover { text-decoration: underline }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px }
p, ul, figure, h3 { margin: 0; padding: 0 }
ul { list-style: none }
small { color: var(--soft); font-size: 12.5px }
b { font-weight: 600 }
.skip { position: absolute; left: -999px }
.skip:focus { left: 8px; top: 8px; background: var(--card); padding: 4px 10px; z-index: 1 }
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
.nowrap { white-space: nowrap }
nav {
  display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; padding: 18px 0 10px;
  font-size: 13.5px; border-bottom: 1px solid var(--rule);
}
nav b { font-size: 14.5px }
nav .right { margin-left: auto; display: flex; flex-wrap: wrap; gap: 4px 16px }
h1 { font-size: 26px; line-height: 1.3; margin: 22px 0 2px }
h1 small { font-size: 15px; font-weight: 400; margin-left: 8px }
h2 { font-size: 16px; margin: 34px 0 10px }
h2 small { font-weight: 400; margin-left: 8px }
h3 { font-size: 13px; font-weight: 400; color: var(--soft) }
.verdict {
  border-left: 4px solid var(--calm); background: var(--card); padding: 9px 14px;
  margin: 14px 0 8px; font-size: 17px;
}
.verdict.v-bad { border-color: var(--bad) }
.verdict.v-warn { border-color: var(--warn) }
.verdict.v-note { border-color: var(--note) }
.v-bad b { color: var(--bad) }
.v-warn b { color: var(--warn) }
.shape { font-style: normal; font-size: .72em; vertical-align: .12em }
.bad { color: var(--bad) }
.warn { color: var(--warn) }
.note { color: var(--note) }
.calm { color: var(--calm) }
.marks, .legend {
  display: flex; flex-wrap: wrap; gap: 6px 8px; font-size: 13px; color: var(--soft);
}
.marks li, .chip {
  border: 1px solid var(--rule); border-radius: 99px; background: var(--card); padding: 1px 11px;
}
.marks a { color: inherit }
.chip { font-style: normal; font-size: 12px; padding: 0 8px }
.legend { gap: 2px 16px }
.empty, .means { color: var(--soft); font-size: 14px }
.means { margin-top: 8px }
.square {
  display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 6px;
  print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
.s-critical { background: var(--critical) }
.s-major { background: var(--major) }
.s-minor { background: var(--minor) }
.s-warning { background: var(--warning) }
.s-unknown { background: var(--unknown) }
.s-user { background: var(--user) }
.s-system { background: var(--system) }
.s-io { background: var(--io) }
h2 .square { margin: 0 3px 0 5px }
.pair { display: flex; flex-wrap: wrap; gap: 0 10px }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(228px, 1fr)); gap: 10px }
.card {
  background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px 13px;
  min-width: 0;
}
.card.is-odd { border-color: var(--warn) }
.card b { display: block; font-size: 23px; line-height: 1.35 }
.card p { font-size: 12.5px; color: var(--soft) }
.card .odd, .odd { color: var(--warn) }
svg { display: block; width: 100%; print-color-adjust: exact; -webkit-print-color-adjust: exact }
svg path { vector-effect: non-scaling-stroke }
.trend { height: 34px; margin: 3px 0 5px; overflow: visible }
.trend path { stroke-linejoin: round }
.dot { fill: none; stroke: var(--accent); stroke-width: 6; stroke-linecap: round }
.is-odd .dot { stroke: var(--warn) }
table {
  width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
  border: 1px solid var(--rule); border-radius: 8px;
}
th, td {
  text-align: left; vertical-align: top; padding: 8px 13px; border-top: 1px solid var(--rule);
  font-weight: 400;
}
thead th { border: 0; color: var(--soft); font-size: 12.5px; padding-bottom: 4px }
.sev, .raised, .for { white-space: nowrap }
.what b { font-weight: 500 }
.what small:not(.says) { display: inline-block; margin-left: 6px }
.says { display: block; margin: 0!important }
.storm, .server { background: var(--card); border: 1px solid var(--rule) }
.storm { border-radius: 8px; padding: 12px 14px 8px }
.storm .plot {
  position: relative; margin-top: 8px; border-top: 1px dashed var(--rule);
  border-bottom: 1px solid var(--rule);
}
.storm svg { height: 96px }
.top {
  position: absolute; left: 0; top: 0; font-size: 11px; line-height: 1.3; color: var(--soft);
  background: var(--card); padding-right: 4px;
}
.hours { display: flex; font-size: 11px; color: var(--soft) }
.hours span { flex: 1; min-width: 0; white-space: nowrap; text-align: center; visibility: hidden }
.hours span:nth-child(3n+1) { visibility: visible }
.servers { border-bottom: 1px solid var(--rule) }
.server {
  display: grid; grid-template-columns: minmax(150px, 1fr) 1.9fr 1.3fr 1.25fr; gap: 6px 20px;
  padding: 12px 14px; border-bottom: 0;
}
.server > * { min-width: 0 }
.server h3 { font-size: 15px; font-weight: 600; color: var(--text) }
.server.is-hot h3 { color: var(--bad) }
.server:first-child { border-radius: 8px 8px 0 0 }
.server p { font-size: 12.5px; color: var(--soft) }
.server .over, .over, .disks .over b { color: var(--bad) }
.server .plot { height: 56px; background: var(--ground); border-radius: 3px }
.clock { display: flex; font-size: 10.5px; line-height: 1.4; color: var(--soft) }
.clock span {
  white-space: nowrap; min-width: 0; flex: 1; border-left: 1px solid var(--rule); padding-left: 3px;
}
.disks li {
  display: grid; grid-template-columns: minmax(48px, auto) 1fr 48px; gap: 8px;
  align-items: center; font-size: 13px; margin-bottom: 5px;
}
.disks span { max-width: 110px }
.disks b { text-align: right }
.bar { height: 7px; border-radius: 4px; background: var(--rule); overflow: hidden }
.bar rect { fill: var(--accent) }
.over .bar rect { fill: var(--bad) }
details { margin-top: 10px; font-size: 14px }
summary { cursor: pointer; color: var(--accent) }
.line { margin: 6px 0; display: grid; grid-template-columns: 130px 1fr; gap: 10px }
code { font: 13px/1.5 ui-monospace, Consolas, monospace; white-space: pre-wrap }
.proofs { background: var(--card); border: 1px solid var(--rule); border-radius: 8px }
.proofs li {
  display: grid; grid-template-columns: 96px 1fr; padding: 10px 14px; font-size: 13.5px;
  border-top: 1px solid var(--rule);
}
.proofs li:first-child { border: 0 }
.proofs h3 { font-size: inherit; color: var(--text) }
.proofs p ~ p { color: var(--soft) }
.proofs code { user-select: all; -webkit-user-select: all }
.digest { display: inline-block; width: clamp(32.5ch, (100% - 64.5ch) * 999, 64.5ch) }
.arrived td, .arrived th { font-size: 13.5px }
thead th, .arrived td { overflow-wrap: normal }
.arrived td, .arrived tbody th, .sites .over { white-space: nowrap }
.label { display: none }
.others { margin-top: 8px; font-size: 13.5px }
.others td, .others th { padding: 3px 13px }
.others thead th { padding-top: 8px }
.sites tbody th { width: 30%; min-width: 190px }
.sites th a { font-weight: 600; font-size: 15.5px }
.sites th p { font-size: 13px; color: var(--soft) }
.sites thead th { white-space: nowrap }
.sites td { font-size: 13.5px }
.sites td small { display: block; overflow-wrap: anywhere }
.sites td > small { min-width: 80px }
.sites td { overflow-wrap: normal }
.sites .label { display: none }
.plain li { white-space: nowrap }
.strip { display: flex; gap: 2px }
.strip a { white-space: nowrap; text-align: center; padding: 0 4px; line-height: 1.3 }
.strip small { display: block }
.months {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(310px, 1fr)); gap: 20px;
  margin-top: 14px;
}
.month { table-layout: fixed }
.month caption { text-align: left; font-weight: 600; padding: 6px 2px }
.month abbr { text-decoration: none }
.month th, .month td { padding: 5px 4px; text-align: center; height: 46px; font-size: 14px }
.month thead th { height: auto }
.month td span:not(.hidden) { color: var(--soft) }
.month a { display: block }
.month small { display: block; font-size: 11px; line-height: 1.2 }
footer a { text-decoration: underline }
footer {
  margin-top: 36px; border-top: 1px solid var(--rule); padding-top: 12px; font-size: 13px;
  color: var(--soft);
}
@media screen and (max-width: 1000px) {
  .server { grid-template-columns: 1fr 1fr }
  .server > :first-child, .server > :last-child { grid-column: 1 / -1 }
}
@media screen and (max-width: 900px) {
  .arrived, .sites { display: block }
  .arrived tbody, .sites tbody { display: block }
  .arrived thead, .sites thead, .alarms thead {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  }
  .arrived tr, .sites tr {
    display: grid; grid-template-columns: repeat(2,
    minmax(0, 1fr)); border-top: 1px solid var(--rule);
    padding: 8px 4px;
  }
  .arrived tr { grid-template-columns: repeat(3, minmax(0, 1fr)) }
  .arrived td { overflow-wrap: anywhere; white-space: normal }
  .arrived tr > :nth-child(2) { grid-column: span 2 }
  .arrived td, .arrived th, .sites td, .sites th { border: 0; padding: 3px 8px }
  .label, .sites .label { display: block; font-size: 11.5px }
  .sites tbody th { grid-column: 1/-1; width: auto }
  .sites td:last-child { grid-column: 1/-1 }
  .strip a { white-space: nowrap; padding: 4px 9px }
}
@media screen and (max-width: 640px) {
  header, main { padding-left: 14px; padding-right: 14px }
  h1 { font-size: 22px }
  h1 small { display: block; margin: 0 }
  nav .right { margin-left: 0; width: 100% }
  .verdict { font-size: 16px }
  .cards { grid-template-columns: 1fr 1fr; gap: 8px }
  .card { padding: 8px 10px }
  .card b { font-size: 20px }
  .server { grid-template-columns: 1fr; gap: 8px }
  .server .plot { height: 48px }
  .alarms, .alarms tbody { display: block }
  .alarms tr {
    display: grid; grid-template-columns: 72px 1fr auto; gap: 0 8px; padding: 8px 10px;
    border-top: 1px solid var(--rule);
  }
  .alarms td { border: 0; padding: 0 }
  .sev { grid-row: 1/3 }
  .what { grid-area: 1/2 }
  .for { grid-area: 1/3; text-align: right }
  .node { grid-area: 2/2; color: var(--soft); font-size: 13px }
  .raised { grid-area: 2/3; text-align: right; color: var(--soft); font-size: 13px }
  .hours span:nth-child(3n+1) { visibility: hidden }
  .hours span:nth-child(6n+1) { visibility: visible }
  .line { grid-template-columns: 1fr; gap: 0 }
  .months, .proofs li { grid-template-columns: 1fr }
}
@media print {
  @page { margin: 14mm }
  body { background: #fff; font-size: 12px }
  header, .skip { display: none }
  main { max-width: none; padding: 0 }
  .server, .card, .storm, tr { break-inside: avoid }
  h2 { break-after: avoid; margin-top: 20px }
  a { color: inherit }
  .clock span:nth-child(even) { visibility: hidden }
  th, td { padding: 5px 7px }
  .arrived td, .arrived th { font-size: 11px; padding: 4px 5px }
  .proofs li { break-inside: avoid; grid-template-columns: 70px 1fr; padding: 6px 8px }
  .disks li { grid-template-columns: auto 1fr auto }
  .cards { grid-template-columns: repeat(4, 1fr) }
  .server { grid-template-columns: 1fr 1.8fr 1.4fr 1.1fr; gap: 6px 14px }
}
`

/** The style sheet without the spaces that only its readers here need. */
export const STYLE = SOURCE.replace(/\s+/g, ' ')
  .replace(/ ?([{};,>]) ?/g, '$1')
  .replace(/: /g, ':')
  .replaceAll(';}', '}')
  .trim()
