import { conv2d } from '../../../kernels/convolution/conv2d.js';
import { cast } from '../../../kernels/elementwise/cast.js';
import { concatFrames } from '../../../kernels/layout/frames.js';
import type { Tensor } from '../../../tensor/tensor.js';
import type { Resample } from './blocks.js';
import type { VaeEncoder } from './encoderWeights.js';
import { type Histories, halveTime } from './histories.js';
import { causalStep, headStep, middleSteps, pointwiseStep, residualStep, type Step, widestOf } from './steps.js';

/**
 * What turns pictures into one latent frame of means and log variances: one picture at the start of a video, four
 * afterwards. Source: Wan-Video/Wan2.1 wan/modules/vae.py WanVAE_.encode and Encoder3d.forward.
 */
export function encoderSteps({ conv1, first, downsamples, middle, head }: VaeEncoder): Step[] {
  return [
    causalStep('encoder.conv1', first),
    ...downsamples.map((layer, index) => {
      const name = `encoder.downsamples${index}`;
      return layer.kind === 'residual' ? residualStep(name, layer.block) : downsampleStep(name, layer.resample);
    }),
    ...middleSteps('encoder', middle),
    headStep('encoder.head', head),
    pointwiseStep('conv1', conv1),
  ];
}

function downsampleStep(name: string, layer: Resample): Step {
  const { timeConv, conv } = layer;
  return {
    name,
    causal: timeConv ? [{ conv: timeConv, scale: 0.5 }] : [],
    widest: widestOf(conv),
    scale: 0.5,
    run: (x, histories) => downsample(layer, x, histories),
  };
}

/** Half the height and width and, where there is a `timeConv`, half the frames, the video's first one left alone. */
function downsample({ timeConv, conv }: Resample, x: Tensor, histories: Histories): Tensor | undefined {
  const { device } = x;
  const smaller = device.scope(() => conv2d(cast(x, histories.type), conv.weight, conv.bias, { stride: 2 }));
  if (!timeConv) return smaller;
  const made = halveTime(timeConv, smaller, histories);
  return made.length > 1 ? concatFrames(made) : made[0];
}
