import { conv2d } from '../../../kernels/convolution/conv2d.js';
import { cast } from '../../../kernels/elementwise/cast.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Resample } from './blocks.js';
import type { VaeDecoder } from './decoderWeights.js';
import { causalConv, type Histories } from './histories.js';
import { causalStep, headStep, middleSteps, pointwiseStep, residualStep, type Step, widestOf } from './steps.js';

/**
 * What turns one latent frame into pixels: one picture at the start of a video, four afterwards.
 * Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_.decode and Decoder3d.forward.
 */
export function decoderSteps({ conv1, conv2, middle, upsamples, head }: VaeDecoder): Step[] {
  return [
    pointwiseStep('conv2', conv2),
    causalStep('decoder.conv1', conv1),
    ...middleSteps('decoder', middle),
    ...upsamples.map((layer, index) => {
      const name = `decoder.upsamples${index}`;
      return layer.kind === 'residual' ? residualStep(name, layer.block) : upsampleStep(name, layer.resample);
    }),
    headStep('pixels_raw', head),
  ];
}

function upsampleStep(name: string, layer: Resample): Step {
  const { timeConv, conv } = layer;
  return {
    name,
    causal: timeConv ? [{ conv: timeConv }] : [],
    // Four times the pixels with half of the channels, of twice the frames where time is doubled.
    widest: widestOf(conv) * (timeConv ? 4 : 2),
    scale: 2,
    run: (x, histories) => upsample(layer, x, histories),
  };
}

/**
 * Twice the height and width and, past the first latent frame, twice the frames: `timeConv` makes two pictures of each.
 * The first latent frame passes it by and does not enter its history.
 */
function upsample({ timeConv, conv }: Resample, x: Tensor, histories: Histories): Tensor {
  const { type } = histories;
  if (!timeConv || histories.isStart) return conv2d(cast(x, type), conv.weight, conv.bias, { scale: 2 });
  const doubled = x.device.scope(() => cast(causalConv(timeConv, x, histories), type)); // [frames, height, width, 2 * channels]
  return conv2d(doubled, conv.weight, conv.bias, { scale: 2, parts: 2 }); // [2 * frames, 2 * height, 2 * width, channels / 2]
}
