import { figures } from '../size.mjs';

const WIDTH = 760;
const LABELS = 180;
const NUMBERS = 90;
const BAR = 18;
const STEP = 26;
const TITLE = 34;
const GAP = 18;

/** Grey that is read on white and on black, and colours of a like contrast on both. */
const STYLE = 'text{font:13px system-ui,sans-serif;fill:#7a828c}.title{font-weight:600}.bar{fill:#8a929c}.own{fill:#2f81f7}';

/**
 * Charts of horizontal bars below one another, without a background, so that it is readable on a light and on a dark page.
 *
 * @param {{ title: string, bars: { label: string, value: number | undefined, note: string }[] }[]} charts a bar without a value shows its note
 */
export function renderPicture(charts) {
  let y = 0;
  const parts = charts.map((chart) => {
    const part = `<g transform="translate(0 ${y})">${renderChart(chart)}</g>`;
    y += TITLE + chart.bars.length * STEP + GAP;
    return part;
  });
  const titles = charts.map((chart) => escape(chart.title)).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${titles}">
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`;
}

function renderChart({ title, bars }) {
  const highest = Math.max(...bars.map((bar) => bar.value ?? 0), Number.MIN_VALUE);
  const rows = bars.map((bar, index) => renderBar(bar, TITLE + index * STEP, highest));
  return `<text class="title" x="0" y="20">${escape(title)}</text>\n${rows.join('\n')}`;
}

function renderBar({ label, value, note }, y, highest) {
  const length = value === undefined ? 0 : Math.max(1, (Math.max(0, value) / highest) * (WIDTH - LABELS - NUMBERS));
  const kind = label.startsWith('holdfast') ? 'bar own' : 'bar';
  const said = value === undefined ? note : figures(value);
  return [
    `<text x="${LABELS - 8}" y="${y + BAR - 5}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind}" x="${LABELS}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<text x="${(LABELS + length + 6).toFixed(1)}" y="${y + BAR - 5}">${escape(said)}</text>`,
  ].join('');
}

const escape = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
