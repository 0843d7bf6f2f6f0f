// A rollout of the toy world in the float64 twins, which stops at each step of the method where a debugger is attached
// (`npm run step`, or VS Code), and else only tells what it passes. Nothing is planned before it, no picture is made, and the
// stops are set once the prompt is embedded: what it stops in is the method at work.
import { inspect, parseArgs } from 'node:util';
import { generate, openDevice, openModelFolder, TokenTrimError, tensorFormatter, toyWorld } from 'tokentrim';
import { Stopper } from './stopper.mjs';
import { STOPS } from './stops.mjs';

/** Its fourth block is made again. */
const PROMPT = 'a red circle bounces left and right on a navy background';
const FRAMES = 45; // four blocks of three latent frames

/** What a second attempt at a block passes too. */
const REVIEWED = STOPS.slice(1, 7);

/** @param {unknown} value */
function print(value) {
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  if (Array.isArray(value) && value.every((each) => typeof each === 'number'))
    return `[${value.map(print).join(', ')}]`;
  return inspect(value, { breakLength: 100, compact: 12 });
}

/** @param {number | null | undefined} value */
const orNone = (value) => (value == null ? 'none' : value.toFixed(3));

const { block: chosen } = parseArgs({ options: { block: { type: 'string' } } }).values;
if (chosen !== undefined && !/^[0-3]$/.test(chosen)) {
  throw new TokenTrimError(`--block must be a block of the rollout, 0 to 3, found ${chosen}`);
}
const stopsIn = (/** @type {number} */ block) => (chosen === undefined || Number(chosen) === block ? STOPS : []);

Object.assign(globalThis, { devtoolsFormatters: [tensorFormatter] }); // for Chrome's tools

let block = 0;
const stopper = new Stopper(print, ({ name, formula, file, look }, values) => {
  const number = STOPS.findIndex((stop) => stop.name === name) + 1;
  const seen = look.map((what, index) => `  ${what} = ${values[index].replaceAll('\n', '\n    ')}`);
  console.log(`\nblock ${block}, stop ${number} of ${STOPS.length}: ${name}. ${formula}`);
  console.log([...seen, `  src/${file}.ts`].join('\n'));
  if (name === 'regenerate') stopper.set(REVIEWED);
});

const device = await openDevice({ adapter: 'reference' });
const model = await openModelFolder(toyWorld);
for await (const event of generate(device, model, {
  prompt: PROMPT,
  frames: FRAMES,
  decode: 'never',
  promptCache: false,
})) {
  if (event.kind === 'stage' && event.stage === 'rollout') stopper.set(stopsIn(block));
  if (event.kind !== 'block') continue;
  const { severity, threshold, severityAfter } = event.decision ?? {};
  const again = severityAfter == null ? '' : `, made again: ${orNone(severityAfter)}`;
  console.log(`\nblock ${block} is done: severity ${orNone(severity)}, threshold ${orNone(threshold)}${again}`);
  stopper.clear();
  block++;
  stopper.set(stopsIn(block));
}
await model.close();
device.close();
