// Makes docs/picture.webp, the README's animation, from the program itself: one prompt and seed of the toy world twice,
// without interventions (left) and with TokenTrim (middle), and the severity of every block of both (right).
// Usage, after `npm run build`: node scripts/make-picture.mjs [<picture.webp>]
// Takes about a minute on lavapipe. Labels are drawn in the system's sans-serif font.
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { generate, openDevice, openModelFolder, toyWorld } from '../dist/index.js';

// Nothing here is chosen for its outcome: the demo's prompt, the first seed and the paper's parameters.
const REQUEST = {
  prompt: 'a red circle bounces left and right on a navy background',
  seed: 0,
  frames: 201,
};
/** An intervention that is never allowed measures severities and leaves the video as the baseline makes it. */
const RUNS = [
  { label: 'baseline', trim: { maxRegenerations: 0 }, color: '#9aa3ad' },
  { label: 'TokenTrim', trim: {}, color: '#e4572e' },
];

const FRAME_STEP = 2; // every second frame, shown for as long as one: twice the speed, half the bytes
const FRAME_MILLISECONDS = 62;
const LAST_FRAME_MILLISECONDS = 2500;
const SCALE = 3;
const VIDEO_TOP = 36;
const VIDEO_LEFT = [12, 216];
const CHART = { left: 456, top: 40, width: 272, height: 172 };
const CANVAS = { width: 744, height: 246 };

const [path = fileURLToPath(new URL('../docs/picture.webp', import.meta.url))] = process.argv.slice(2);
const device = await openDevice();
const folder = await openModelFolder(toyWorld);
const runs = [];
for (const run of RUNS) runs.push({ ...run, ...(await record(run.trim)) });
await folder.close();
device.close();

const { patch_size: patch } = folder.config.transformer;
const spatial = 2 ** (folder.config.vae.dim_mult.length - 1);
const token = { height: patch[1] * spatial * SCALE, width: patch[2] * spatial * SCALE };
const shown = runs[0].frames.map((_, index) => index).filter((index) => index % FRAME_STEP === 0);
const pages = [];
for (const index of shown) pages.push(await drawPage(index));
const delay = pages.map((_, page) => (page === pages.length - 1 ? LAST_FRAME_MILLISECONDS : FRAME_MILLISECONDS));
const { size } = await sharp(Buffer.concat(pages), {
  raw: { width: CANVAS.width, height: CANVAS.height * pages.length, channels: 3, pageHeight: CANVAS.height },
  limitInputPixels: false,
})
  .webp({ quality: 70, effort: 6, loop: 0, delay })
  .toFile(path);
for (const { label, decisions } of runs) {
  const trimmed = decisions.filter(({ triggered }) => triggered);
  console.log(`${label}: ${decisions.length} blocks, ${trimmed.length} interventions`);
  for (const { block, severity, threshold, severityAfter } of trimmed) {
    const [found, limit, after] = [severity, threshold, severityAfter].map((value) => value.toFixed(2));
    console.log(`  block ${block}: severity ${found} > ${limit}, ${after} after`);
  }
}
console.log(`${path}: ${pages.length} frames of ${CANVAS.width}x${CANVAS.height}, ${Math.ceil(size / 1000)} kB`);

/** Generates the video: its frames, the block that each belongs to, and the decision for every block. */
async function record(trim) {
  const frames = [];
  const decisions = [];
  for await (const event of generate(device, folder, { ...REQUEST, trim })) {
    if (event.kind === 'block') decisions.push(event.decision);
    if (event.kind === 'frames') frames.push(...event.frames.map((picture) => ({ ...picture, block: event.block })));
  }
  return { frames, decisions };
}

async function drawPage(index) {
  const videos = await Promise.all(
    runs.map(async ({ frames }, run) => {
      const { rgba, width, height } = frames[index];
      const enlarged = await sharp(rgba, { raw: { width, height, channels: 4 } })
        .resize(width * SCALE, height * SCALE, { kernel: 'nearest' })
        .png()
        .toBuffer();
      return { input: enlarged, left: VIDEO_LEFT[run], top: VIDEO_TOP };
    }),
  );
  return sharp({ create: { ...CANVAS, channels: 3, background: '#ffffff' } })
    .composite([...videos, { input: Buffer.from(drawing(index)), left: 0, top: 0 }])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Everything on a page but the videos, as SVG. */
function drawing(index) {
  const { block } = runs[0].frames[index];
  const decision = runs[1].decisions[block];
  const text = (x, y, content, color = '#30363d', anchor = 'start') =>
    `<text x="${x}" y="${y}" fill="${color}" text-anchor="${anchor}">${content}</text>`;
  const parts = runs.map(({ label, color }, run) => text(VIDEO_LEFT[run], 26, label, color));
  if (decision.triggered)
    parts.push(text(VIDEO_LEFT[1] + 192, 26, 'generated again', '#e4572e', 'end'), tokens(decision));
  parts.push(chart(block));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${CANVAS.width}" height="${CANVAS.height}" font-family="DejaVu Sans, sans-serif" font-size="13">${parts.join('')}</svg>`;
}

/** Outlines of the tokens that were pruned from the cache before this block was generated again. */
function tokens({ unstable }) {
  const columns = (runs[0].frames[0].width * SCALE) / token.width;
  return unstable
    .map((index) => {
      const x = VIDEO_LEFT[1] + (index % columns) * token.width;
      const y = VIDEO_TOP + Math.floor(index / columns) * token.height;
      return `<rect x="${x + 1.5}" y="${y + 1.5}" width="${token.width - 3}" height="${token.height - 3}" fill="none" stroke="#e4572e" stroke-width="2"/>`;
    })
    .join('');
}

/** Severity by block up to this one: a line for each run, TokenTrim's threshold dashed, arrows for interventions. */
function chart(block) {
  const { left, top, width, height } = CHART;
  const all = runs.flatMap(({ decisions }) => decisions.map(({ severity }) => severity ?? 0));
  const highest = Math.ceil(Math.max(...all) * 1.1);
  const last = runs[0].decisions.length - 1;
  const x = (at) => left + (at / last) * width;
  const y = (value) => top + height - (value / highest) * height;
  const line = (points, style) =>
    `<polyline points="${points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}" fill="none" ${style}/>`;
  const label = (atX, atY, content, anchor) =>
    `<text x="${atX}" y="${atY}" fill="#57606a" font-size="11" text-anchor="${anchor}">${content}</text>`;

  const parts = [
    `<path d="M${left},${top}V${top + height}H${left + width}" fill="none" stroke="#d0d7de"/>`,
    label(left, 26, 'severity of each block; dashed: the threshold', 'start'),
    label(left - 6, y(0) + 4, '0', 'end'),
    label(left - 6, top + 8, String(highest), 'end'),
    label(left, top + height + 18, 'block 0', 'start'),
    label(left + width, top + height + 18, `block ${last}`, 'end'),
  ];
  for (const { decisions, color } of runs) {
    const past = decisions.slice(1, block + 1);
    const accepted = past.map((entry) => [entry.block, entry.severityAfter ?? entry.severity]);
    parts.push(line(accepted, `stroke="${color}" stroke-width="2"`));
    for (const [at, value] of accepted) parts.push(`<circle cx="${x(at)}" cy="${y(value)}" r="2.5" fill="${color}"/>`);
  }
  const { decisions, color } = runs[1];
  const seen = decisions.slice(1, block + 1);
  const thresholds = seen.filter(({ threshold }) => threshold !== null).map((entry) => [entry.block, entry.threshold]);
  parts.push(line(thresholds, 'stroke="#57606a" stroke-dasharray="4 3"'));
  for (const { block: at, severity, severityAfter } of seen.filter(({ triggered }) => triggered)) {
    parts.push(
      line([[at, severity], [at, severityAfter]], `stroke="${color}" stroke-width="1.5"`), // biome-ignore format: a segment
      `<circle cx="${x(at)}" cy="${y(severity)}" r="4" fill="#ffffff" stroke="${color}" stroke-width="1.5"/>`,
    );
  }
  return parts.join('');
}
