import { ensure } from '../../errors.js';
import { u32 } from '../../tensor/device.js';
import { expectShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import * as reference from './motionVariance.twin.js';

/**
 * How unevenly each latent pixel moves, FlowMo's measure: the variance over frames of |u_{f+1} - u_f|, mean over channels.
 * Source: arXiv 2506.01144, equations 2 to 4; arielshaulov/FlowMo at 5bf0c14, by the latent pixel and without patches.
 * @param flow [frames, channels, height, width], 2 frames or more
 * @returns [height, width]
 */
export function motionVariance(flow: Tensor): Tensor {
  checkFlow('motionVariance', flow);
  const [frames, channels, height, width] = flow.shape;
  return flow.device.launch({
    kernel: 'motionVariance',
    reads: [flow],
    output: [height, width],
    params: [frames, channels, height * width].map(u32),
    workgroups: Math.ceil((height * width) / 64),
    twin: () => reference.motionVariance(flow.host),
  });
}

/**
 * The gradient of the largest value of `motionVariance(flow)` with respect to the flow. It comes from one latent pixel: of
 * several with the same value the one with the smallest index, row by row.
 * @param flow [frames, channels, height, width]
 * @param variance [height, width], of that flow
 * @returns [frames, channels, height, width], zero but for one pixel
 */
export function motionVarianceGradient(flow: Tensor, variance: Tensor): Tensor {
  checkFlow('motionVarianceGradient', flow);
  const [frames, channels, height, width] = flow.shape;
  expectShape(variance.shape, [height, width], 'motionVarianceGradient: variance');
  return flow.device.launch({
    kernel: 'motionVarianceGradient',
    reads: [flow, variance],
    output: flow.shape,
    params: [frames, channels, height * width].map(u32),
    workgroups: frames * channels,
    twin: () => reference.motionVarianceGradient(flow.host, variance.host),
  });
}

function checkFlow(kernel: string, { shape }: Tensor): void {
  expectShape(shape, ['any', 'any', 'any', 'any'], `${kernel}: flow`);
  ensure(shape[0] > 1, `${kernel}: a variance over time needs 2 frames or more, found ${shape[0]}`);
}
