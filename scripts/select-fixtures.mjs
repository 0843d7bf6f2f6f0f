// Makes test/fixtures/parity from a full set of reference outputs: a selection that is small enough for the repository and
// still shows where a mistake begins. The same goldens always give the same bytes.
// Usage, after `npm run build`: node scripts/select-fixtures.mjs <goldens folder> [<fixtures folder>]
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { torchDraws } from '../dist/parity/torchDraws.js';

// The two ends of a rollout: its first calls, where a mistake begins, and what all of it adds up to.
const SELF_FORCING = /latents|denoising_step_list|call000\.(flow|x0)|call001\.input|call00[45]\.flow/;
const ROLLING_FORCING =
  /latents|denoising_step_list|window0[01]\.(input|denoised_pred)|window05\.denoised_pred|window(0[019]|12)\.update_flow/;
const TOKENTRIM = /latents|block\d\d\.(drift|regenerated)|block0[01]\..*/;

/** The keys of the last layer depend on everything before them, and on the last update, which no latent shows. */
const withCache = ({ source }) => new RegExp(`${source}|final_cache_k\\.layer1`);

/** The outputs that are kept of each case: a pattern for whole names. */
const KEPT_OUTPUTS = {
  'dit-bidirectional': /run\d\.flow|run0\.(time_.*|text_embedding|patch_embedding|block0.*)|run2\.block1/,
  'dit-causal-kv': /call0[0148]\.flow|cross_.\.layer0|call00\.cache_k\.layer0|call08\.cache_k\.layer1/,
  'dit-causal-kv-local': /call\d\d\.flow|cross_.*|call09\.cache_.\.layer1/,
  'dit-input-gradient': /.*/,
  'rolling-forcing-exact-window': withCache(ROLLING_FORCING),
  'rolling-forcing-rollout': ROLLING_FORCING,
  'rolling-forcing-short': withCache(ROLLING_FORCING),
  rope: /.*freqs_.*|.*rope_apply|.*causal_start(7|18|300)/,
  schedulers: /.*/,
  'self-forcing-rollout-extend': SELF_FORCING,
  'self-forcing-rollout-first-frame': SELF_FORCING,
  'self-forcing-rollout-global': SELF_FORCING,
  'self-forcing-rollout-i2v': withCache(SELF_FORCING),
  'self-forcing-rollout-local': withCache(SELF_FORCING),
  'self-forcing-rollout-sink': withCache(SELF_FORCING),
  'tokentrim-rolling-forcing': TOKENTRIM,
  'tokentrim-rolling-forcing-wide': withCache(TOKENTRIM),
  'tokentrim-self-forcing': TOKENTRIM,
  'tokentrim-self-forcing-first-step': withCache(TOKENTRIM),
  'tokentrim-self-forcing-global': TOKENTRIM,
  'tokentrim-self-forcing-sink': withCache(TOKENTRIM),
  'tiny-vae': /decoder\.([0137]|13)|pixels|latent/,
  'torch-randn': /.*/,
  umt5: /block0|prompt_embeds|relative_position_bucket/,
  'vae-cached-decode': /chunk2\.pixels_raw|chunk0\.cache(00|12)|chunk2\.cache12/,
  'vae-decode': /single\.(conv2|decoder\.(conv1|middle.*|upsamples[34])|pixels.*)|video\.decoder\.(middle|upsamples3)/,
  'vae-encode': /video\.(encoder\.(downsamples[58]|middle)|conv1|latent)/,
  'wan-t2v-sampling': /run\d\.(latent|timesteps|step0[12]\.latent)|run0\.step00\.flow_.*/,
};

/** Tables of rotations are cut after this many positions; rotations at later frames are kept. */
const ROPE_POSITIONS = 24;

/** Files of torch that are kept: both kinds of training checkpoint, torch 2's layout, and all small ones. */
const KEPT_CHECKPOINTS = { names: /dit-(self-forcing|fsdp-ema)\.pt|torch2-layout\.pt/, smallerThan: 60_000 };

/** Layouts of tokenizer.json that are kept, each with a character map of a third of a megabyte. */
const KEPT_TOKENIZERS = ['tokenizer.json', 'tokenizer.bytefallback.json'];

/** Most that a draw may differ from the recorded one: two units in the last place of the largest values. */
const DRAW_TOLERANCE = 1e-6;

const [goldens, fixtures = fileURLToPath(new URL('../test/fixtures/parity', import.meta.url))] = process.argv.slice(2);
if (!goldens) {
  console.error('usage: node scripts/select-fixtures.mjs <goldens folder> [<fixtures folder>]');
  process.exit(1);
}
for (const [name, kept] of Object.entries(KEPT_OUTPUTS)) selectCase(join(goldens, name), emptied(name), kept);
selectCheckpoints(join(goldens, 'checkpoints'), emptied('checkpoints'));
selectTokenizers(join(goldens, 'sentencepiece'), emptied('sentencepiece'));

function emptied(name) {
  const folder = join(fixtures, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** What happened call by call, and what each tensor means, is for readers of the full set: most checks read neither. */
function readDescription(from) {
  const { calls, windows, tensors, sensitivity, ...description } = JSON.parse(
    readFileSync(join(from, 'case.json'), 'utf8'),
  );
  return description.kind === 'dit-input-gradient' ? { ...description, calls } : description;
}

/** Indented, with lists of numbers on one line. */
function writeJson(path, value) {
  const lists = /\[\s+([-+.\de]+(?:,\s+[-+.\de]+)*)\s+\]/g;
  const text = JSON.stringify(value, null, 1).replace(lists, (_, numbers) => `[${numbers.replace(/,\s+/g, ', ')}]`);
  writeFileSync(path, `${text}\n`);
}

function selectCase(from, to, kept) {
  const description = readDescription(from);
  const { kind, config, weights } = description;
  const wholeName = new RegExp(`^(${kept.source})$`);
  const files = { outputs: readTensors(join(from, 'outputs.safetensors')).filter(({ name }) => wholeName.test(name)) };
  if (kind !== 'torch-randn') files.inputs = readTensors(join(from, 'inputs.safetensors'));
  if (weights === 'weights.safetensors') files.weights = readTensors(join(from, weights));

  if (kind === 'rope') {
    for (const spec of config.specs) spec.max_positions = ROPE_POSITIONS;
    files.outputs = files.outputs.map((tensor) =>
      tensor.name.includes('.freqs_') ? sliceRows(tensor, 0, ROPE_POSITIONS) : tensor,
    );
  }
  if (kind === 'vae-encode') {
    // A picture alone is encoded as the first one of a video is.
    files.inputs = files.inputs.filter(({ name }) => !name.startsWith('single.'));
  }
  const plans = drawPlans(description, files.inputs ?? []);
  if (plans.length > 0) {
    description.drawn_inputs = plans;
    files.inputs = withoutDraws(from, files.inputs, plans);
  }
  for (const [file, tensors] of Object.entries(files)) writeTensors(join(to, `${file}.safetensors`), tensors);
  writeJson(join(to, 'case.json'), description);
}

/**
 * Which inputs torch's generators drew from the case's seed: of a rollout the prompt's rows and the noise from the seed, and
 * all re-noising from the next one; of the bidirectional model each run's noise from the seed.
 */
function drawPlans({ seed, config }, inputs) {
  const draw = ({ name, shape }) => ({ name, shape });
  const plan = (offset, draws) => ({ seed: String(seed + offset), draws });
  const runs = inputs.filter(({ name }) => /^run\d\.noise$/.test(name));
  if (runs.length > 0) return runs.map((tensor) => plan(0, [draw(tensor)]));
  const noise = inputs.find(({ name }) => name === 'noise');
  if (!noise) return [];
  const prompt = inputs.find(({ name }) => name === 'prompt_embeds');
  const drawnRows = floats(prompt).findLastIndex((value) => value !== 0) + 1;
  const initial = inputs.filter(({ name }) => name === 'initial_latent');
  const renoise = inputs.filter(({ name }) => name.startsWith('renoise.'));
  renoise.sort((left, right) => (left.name < right.name ? -1 : 1));
  return [
    plan(0, [
      { name: 'prompt_rows', shape: [drawnRows / config.text_dim, config.text_dim] },
      ...[noise, ...initial].map(draw),
    ]),
    plan(1, renoise.map(draw)),
  ];
}

/** The inputs that are not drawn, after a look at whether the draws give what was recorded. */
function withoutDraws(from, inputs, plans) {
  const drawn = new Map([...torchDraws(plans)].map(({ name, values }) => [name, values]));
  for (const tensor of inputs) {
    const values = drawn.get(tensor.name);
    const differs =
      values && floats(tensor).some((value, index) => !(Math.abs(value - values[index]) < DRAW_TOLERANCE));
    if (differs) throw new Error(`${from}: ${tensor.name} is not what its seed draws`);
  }
  return inputs.filter(({ name }) => !drawn.has(name));
}

function selectCheckpoints(from, to) {
  const { files, hostile, ...description } = readDescription(from);
  const sizeOf = (name) => readFileSync(join(from, name)).length;
  const { names, smallerThan } = KEPT_CHECKPOINTS;
  const kept = Object.entries(files).filter(([name]) => names.test(name) || sizeOf(name) < smallerThan);
  // Files of the same bytes are kept once: two training checkpoints hold the same average.
  const copies = new Map();
  const copyOnce = (name) => {
    const hash = createHash('sha256')
      .update(readFileSync(join(from, name)))
      .digest('hex');
    if (!copies.has(hash)) {
      copyFile(from, to, name);
      copies.set(hash, name);
    }
    return copies.get(hash);
  };
  description.files = {};
  for (const [name, file] of kept) {
    copyFile(from, to, name);
    description.files[name] = {
      ...file,
      expected: copyOnce(file.expected),
      ...(file.canonical && { canonical: copyOnce(file.canonical) }),
    };
  }
  for (const name of readdirSync(join(from, 'hostile')).sort()) copyFile(from, to, join('hostile', name));
  writeJson(join(to, 'case.json'), { ...description, hostile });
}

function selectTokenizers(from, to) {
  const description = readDescription(from);
  const variants = description.config.tokenizer_json_variants;
  const only = (entries) => Object.fromEntries(KEPT_TOKENIZERS.map((name) => [name, entries[name]]));
  for (const name of KEPT_TOKENIZERS) copyFile(from, to, name);
  description.config.tokenizer_json_variants = only(variants);
  // Pieces are for readers; cutting and padding is the same for every layout.
  const strings = JSON.parse(readFileSync(join(from, 'expected.json'), 'utf8')).map(({ spm_pieces, hf, ...string }) => {
    const [first, ...others] = Object.entries(only(hf));
    return { ...string, hf: Object.fromEntries([first, ...others.map(([name, { ids }]) => [name, { ids }])]) };
  });
  writeFileSync(join(to, 'expected.json'), `[\n${strings.map((string) => JSON.stringify(string)).join(',\n')}\n]\n`);
  writeJson(join(to, 'case.json'), description);
}

function copyFile(from, to, name) {
  mkdirSync(dirname(join(to, name)), { recursive: true });
  writeFileSync(join(to, name), readFileSync(join(from, name))); // not as read-only as the original
}

function floats({ data }) {
  return new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
}

function sliceRows({ name, dtype, shape, data }, first, end) {
  const rowBytes = data.length / shape[0];
  return {
    name,
    dtype,
    shape: [end - first, ...shape.slice(1)],
    data: data.subarray(first * rowBytes, end * rowBytes),
  };
}

function readTensors(path) {
  const file = readFileSync(path);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const { __metadata__, ...header } = JSON.parse(file.toString('utf8', 8, 8 + headerBytes));
  const body = file.subarray(8 + headerBytes);
  return Object.entries(header)
    .map(([name, { dtype, shape, data_offsets }]) => ({ name, dtype, shape, data: body.subarray(...data_offsets) }))
    .sort((left, right) => left.data.byteOffset - right.data.byteOffset);
}

function writeTensors(path, tensors) {
  const header = {};
  let begin = 0;
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [begin, begin + data.length] };
    begin += data.length;
  }
  const json = JSON.stringify(header);
  const text = json.padEnd(Math.ceil(json.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, Buffer.from(text), ...tensors.map(({ data }) => data)]));
}
