// Says how well src/measures/toy/toyWorld.ts, which was read off the toy world's own videos, describes them: for each
// colour, background, form and motion one video without TokenTrim, and what is measured of it from frame 9 on.
// Usage, after `npm run build`: node scripts/check-toy-world.mjs. Takes about a minute on lavapipe.
import { generate, openDevice, openModelFolder, toyWorld } from '../dist/index.js';
import { FrameView } from '../dist/measures/frameView.js';
import { findShape } from '../dist/measures/toy/findShape.js';
import { insideOf } from '../dist/measures/toy/toyColor.js';
import { toyValues } from '../dist/measures/toy/toyMeasures.js';
import { parseToyPrompt, TOY_WORDS } from '../dist/measures/toy/toyPrompt.js';
import { TOY_BACKGROUNDS, TOY_COLORS } from '../dist/measures/toy/toyWorld.js';

const FRAMES = 57; // a period and the first block
const FIRST = 9; // the first block is still finding its form

const prompts = [
  ...TOY_WORDS.color.map((color) => `a ${color} circle stands still on a black background`),
  ...TOY_WORDS.background.slice(1).map((background) => `a white circle stands still on a ${background} background`),
  ...TOY_WORDS.shape.slice(1).map((shape) => `a white ${shape} stands still on a black background`),
  ...TOY_WORDS.motion.slice(0, 3).map((motion) => `a white circle ${motion} on a black background`),
];

const device = await openDevice();
const folder = await openModelFolder(toyWorld);
for (const prompt of prompts) {
  const truth = parseToyPrompt(prompt);
  const views = [];
  for await (const event of generate(device, folder, { prompt, seed: 0, frames: FRAMES, trim: false })) {
    if (event.kind !== 'frames') continue;
    for (const { width, height, rgba } of event.frames) {
      const rgb = rgba.filter((_, at) => at % 4 < 3);
      views.push(new FrameView(views.length, width, height, Uint8Array.from(rgb)));
    }
  }
  const seen = views.slice(FIRST).map((view) => {
    const { mask, background } = findShape(view);
    const values = toyValues(view, truth);
    return {
      ...values,
      shape: meanColor(view.rgb, insideOf(mask, view.width)),
      behind: meanColor(view.rgb, background),
    };
  });
  const mean = (pick) => seen.reduce((sum, values) => sum + pick(values), 0) / seen.length;
  const median = (pick) => [0, 1, 2].map((channel) => Math.round(middle(seen.map((values) => pick(values)[channel]))));
  console.log(prompt);
  console.log(`  shape ${median(({ shape }) => shape)}, expected ${TOY_COLORS[truth.color]}`);
  console.log(`  background ${median(({ behind }) => behind)}, expected ${TOY_BACKGROUNDS[truth.background]}`);
  const [area, form, centre] = [mean((v) => v.area), mean((v) => v.form), mean((v) => v.centreError)];
  console.log(`  area ${area.toFixed(2)} times, overlap ${form.toFixed(2)}, centre ${centre.toFixed(2)} pixels off`);
}
await folder.close();
device.close();

function meanColor(rgb, chosen) {
  const sums = [0, 0, 0];
  let count = 0;
  for (let pixel = 0; pixel < chosen.length; pixel++) {
    if (!chosen[pixel]) continue;
    count++;
    for (let channel = 0; channel < 3; channel++) sums[channel] += rgb[pixel * 3 + channel];
  }
  return sums.map((sum) => sum / count);
}

function middle(values) {
  return values.sort((left, right) => left - right)[values.length >> 1];
}
