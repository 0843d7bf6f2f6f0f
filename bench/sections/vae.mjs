// The VAE of Wan2.1 and the tiny one with random weights: seconds for each latent frame (four pictures) once a video is
// under way, the two beside one another.

import { vaeDecoderTensors, vaeEncoderTensors } from '../../dist/models/wan/checkpoint/expectedTensors.js';
import { freeTinyDecoder, loadTinyDecoder } from '../../dist/models/wan/tinyVae/tinyDecoder.js';
import { createTinyVaeStream } from '../../dist/models/wan/tinyVae/tinyDecodeStream.js';
import { freeTinyEncoder, loadTinyEncoder } from '../../dist/models/wan/tinyVae/tinyEncoder.js';
import { createTinyVaeEncodeStream } from '../../dist/models/wan/tinyVae/tinyEncodeStream.js';
import { tinyVaeTensors } from '../../dist/models/wan/tinyVae/tinyVaeTensors.js';
import { freeVaeDecoder, loadVaeDecoder } from '../../dist/models/wan/vae/decoderWeights.js';
import { createVaeStream } from '../../dist/models/wan/vae/decodeStream.js';
import { freeVaeEncoder, loadVaeEncoder } from '../../dist/models/wan/vae/encoderWeights.js';
import { createVaeEncodeStream } from '../../dist/models/wan/vae/encodeStream.js';
import { modelLike, TAEW_2_1 } from '../../dist/synthesize/models.js';
import { isProcessor } from '../support/clock.mjs';
import { measure } from '../support/measure.mjs';
import { openBench } from '../support/open.mjs';
import { random, randomSource } from '../support/random.mjs';
import { Report } from '../support/report.mjs';

const { device, clock, ceilings, head } = await openBench();
const SIZES = isProcessor(device) ? [[128, 128]] : [[128, 128], [832, 480]]; // biome-ignore format: one line
const { vae: config } = await modelLike('wan2.1-1.3b');
const report = new Report('VAE, f16 weights', ceilings);

for (const [width, height] of SIZES) {
  const decoder = await loadVaeDecoder(device, randomSource(vaeDecoderTensors(config)), config, 'f16');
  const latents = random(device, [1, config.z_dim, height / 8, width / 8]);
  const decoding = createVaeStream(decoder);
  const decode = () => void [...decoding.decode(latents)].map((picture) => picture.dispose());
  decode(); // the first latent frame of a video is one picture, and not four
  await add(`decode ${width}x${height}, a latent frame of 4 pictures`, decode);
  const tinyDecoder = await loadTinyDecoder(device, randomSource(tinyVaeTensors(TAEW_2_1)), TAEW_2_1, 'f16');
  const tinyDecoding = createTinyVaeStream(tinyDecoder);
  const decodeTiny = () => void [...tinyDecoding.decode(latents)].map((picture) => picture.dispose());
  decodeTiny();
  await add(`tiny decode ${width}x${height}, the same`, decodeTiny);
  tinyDecoding.dispose();
  freeTinyDecoder(tinyDecoder);
  decoding.dispose();
  freeVaeDecoder(decoder);

  const encoder = await loadVaeEncoder(device, randomSource(vaeEncoderTensors(config)), config, 'f16');
  const encoding = createVaeEncodeStream(encoder);
  const first = random(device, [1, height, width, 3]);
  const pictures = random(device, [4, height, width, 3]);
  encoding.encode(first).dispose();
  await add(`encode ${width}x${height}, 4 pictures`, () => encoding.encode(pictures).dispose());
  const tinyEncoder = await loadTinyEncoder(device, randomSource(tinyVaeTensors(TAEW_2_1)), TAEW_2_1, 'f16');
  const tinyEncoding = createTinyVaeEncodeStream(tinyEncoder);
  await add(`tiny encode ${width}x${height}, 4 pictures`, () => tinyEncoding.encode(pictures).dispose());
  tinyEncoding.dispose();
  freeTinyEncoder(tinyEncoder);
  encoding.dispose();
  freeVaeEncoder(encoder);
  await device.synchronize();
}
report.send(head);
device.close();
process.exit();

/** What a stream remembers must outlive a scope, so these works run outside of one. */
async function add(name, work) {
  const unscoped = { scope: (body) => body(), synchronize: () => device.synchronize() };
  const { [name]: time } = await measure(unscoped, clock, { [name]: work }, { repeats: 5 });
  report.add({ name, ...time });
}
