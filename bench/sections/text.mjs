// One layer of umT5-XXL with random bf16 weights, for a prompt of so many tokens.

import { textEncoderTensors } from '../../dist/models/wan/checkpoint/expectedTensors.js';
import { freeTextEncoder, loadTextEncoder } from '../../dist/models/wan/text/encoderWeights.js';
import { encoderStates } from '../../dist/models/wan/text/umt5.js';
import { modelLike } from '../../dist/synthesize/models.js';
import { openBench } from '../support/open.mjs';
import { randomSource } from '../support/random.mjs';
import { Report } from '../support/report.mjs';
import { median, spread } from '../support/statistics.mjs';

const { device, clock, ceilings, head } = await openBench();
const REPEATS = 5;
const { text_encoder: config } = await modelLike('wan2.1-1.3b', 1);
const encoder = await loadTextEncoder(device, randomSource(textEncoderTensors(config)), config, 'bf16');
const report = new Report(`umT5, a layer of ${config.dim}, bf16 weights`, ceilings);
const { dim, dim_attn: width, dim_ffn: ffn } = config;
const weights = 4 * dim * width + 3 * dim * ffn;

for (const tokens of [20, 77, 512]) {
  const ids = new Int32Array(tokens).fill(7);
  const seconds = [];
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const times = [];
    for await (const { hidden } of encoderStates(encoder, ids, tokens)) {
      if (hidden) await device.synchronize();
      times.push(await clock.now());
    }
    if (repeat > 0) seconds.push(times[1] - times[0]); // from the embedded tokens to the end of the layer
  }
  report.add({
    name: `a layer, ${tokens} tokens`,
    seconds: median(seconds),
    spread: spread(seconds),
    repeats: REPEATS,
    operations: 2 * tokens * weights + 4 * tokens * tokens * width,
    bytes: 2 * weights,
  });
}
freeTextEncoder(encoder);
report.send(head);
device.close();
process.exit();
