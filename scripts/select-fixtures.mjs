// Makes test/fixtures/parity from a full set of reference outputs: a selection that is small enough for the repository and
// still shows where a mistake begins. The same goldens always give the same bytes.
// Usage: node scripts/select-fixtures.mjs <goldens folder> [<fixtures folder>]
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The two ends of a rollout: its first calls, where a mistake begins, and what all of it adds up to. The keys of the last
// layer depend on everything before them.
const SELF_FORCING =
  /latents|denoising_step_list|call000\.(flow|x0)|call001\.input|call00[45]\.flow|final_cache_k\.layer1/;
const ROLLING_FORCING =
  /latents|denoising_step_list|window0[01]\.(input|denoised_pred)|window05\.denoised_pred|window(0\d|12)\.update_flow|final_cache_k\.layer1/;
const TOKENTRIM = /latents|block\d\d\.(drift|regenerated)|block0[01]\..*|final_cache_k\.layer1/;

/** The outputs that are kept of each case: a pattern for whole names. */
const KEPT_OUTPUTS = {
  'dit-causal-kv': /call\d\d\.flow|cross_.*|call00\.cache_k\.layer0|call08\.cache_.\.layer1/,
  'dit-causal-kv-local': /call\d\d\.flow|cross_.*|call0[49]\.cache_.\.layer1/,
  'rolling-forcing-exact-window': ROLLING_FORCING,
  'rolling-forcing-rollout': ROLLING_FORCING,
  'rolling-forcing-short': ROLLING_FORCING,
  rope: /.*/,
  schedulers: /flowmatch\..*/,
  'self-forcing-rollout-extend': SELF_FORCING,
  'self-forcing-rollout-first-frame': SELF_FORCING,
  'self-forcing-rollout-global': SELF_FORCING,
  'self-forcing-rollout-i2v': SELF_FORCING,
  'self-forcing-rollout-local': SELF_FORCING,
  'self-forcing-rollout-sink': SELF_FORCING,
  'tokentrim-rolling-forcing': TOKENTRIM,
  'tokentrim-rolling-forcing-wide': TOKENTRIM,
  'tokentrim-self-forcing': TOKENTRIM,
  'tokentrim-self-forcing-first-step': TOKENTRIM,
  'tokentrim-self-forcing-global': TOKENTRIM,
  'tokentrim-self-forcing-sink': TOKENTRIM,
  'torch-randn': /.*/,
  umt5: /block0|prompt_embeds|relative_position_bucket/,
  'vae-cached-decode': /chunk[02]\.pixels_raw|chunk0\.cache(00|12)|chunk2\.cache12/,
  'vae-decode':
    /single\.(conv2|decoder\.(conv1|middle.*|upsamples[34])|pixels.*)|video\.(decoder\.(middle|upsamples3)|pixels_raw)/,
};

/** Weights and inputs of parts that are not checked: the VAE's encoder, the bidirectional model's solvers. */
const UNUSED_TENSORS = /^(encoder|conv1|solver)\./;

/** Tables of rotations are cut after this many positions; rotations at later frames are kept. */
const ROPE_POSITIONS = 64;

const [goldens, fixtures = fileURLToPath(new URL('../test/fixtures/parity', import.meta.url))] = process.argv.slice(2);
if (!goldens) {
  console.error('usage: node scripts/select-fixtures.mjs <goldens folder> [<fixtures folder>]');
  process.exit(1);
}
for (const [name, kept] of Object.entries(KEPT_OUTPUTS)) selectCase(join(goldens, name), join(fixtures, name), kept);

function selectCase(from, to, kept) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  // What happened call by call, and what each tensor means, is for readers of the full set: the check reads neither.
  const { calls, windows, tensors, sensitivity, ...description } = JSON.parse(
    readFileSync(join(from, 'case.json'), 'utf8'),
  );
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
  if (kind === 'schedulers') delete config.solvers;
  if (config.window_blocks) {
    description.renoise_frames = usedFrames(config);
    files.inputs = files.inputs.map((tensor) => {
      const [, draw] = /^renoise\.(\d+)$/.exec(tensor.name) ?? [];
      if (!draw) return tensor;
      const [, first] = description.renoise_frames[Number(draw)];
      return sliceRows(tensor, first, first + config.num_frame_per_block);
    });
  }

  for (const [file, all] of Object.entries(files)) {
    writeTensors(
      join(to, `${file}.safetensors`),
      all.filter(({ name }) => !UNUSED_TENSORS.test(name)),
    );
  }
  writeFileSync(join(to, 'case.json'), `${JSON.stringify(description, null, 1)}\n`);
}

/**
 * Rolling Forcing draws noise for a whole window and uses one block of it: three quarters of the inputs have no influence.
 * For every draw, in order: the frames that were drawn, and the first one that was used.
 */
function usedFrames({ blocks, window_blocks: steps, num_frame_per_block: size }) {
  const draws = [];
  for (let window = 0; window < blocks + steps - 1; window++) {
    const start = Math.max(0, window - steps + 1);
    const end = Math.min(blocks - 1, window);
    for (let block = start; block <= end; block++) {
      // A full window, and one at the end of the video, finishes its first block: that one needs no noise any more.
      const isFinished = window >= steps - 1 && block === start;
      const takesLastStep = start === 0 ? end - block === steps - 1 : isFinished;
      if (!takesLastStep) draws.push([(end - start + 1) * size, (block - start) * size]);
    }
  }
  return draws;
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
