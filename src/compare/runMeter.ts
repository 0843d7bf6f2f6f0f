import { latentMeter } from '../measures/latentMeter.js';
import { videoMeter } from '../measures/videoMeter.js';
import type { ModelConfig } from '../models/wan/config.js';
import { patchSize } from '../models/wan/transformer.js';
import { vaeFactors } from '../models/wan/vae/vaeFactors.js';
import type { Picture } from '../pipelines/pictures/decodeLatents.js';
import { isBlockwise, type Plan } from '../pipelines/plan/plan.js';
import type { RunRecord } from './runRecord.js';

/** What measures a run while it goes. */
export interface RunMeter {
  /** @param latents of an accepted block [frames, channels, height, width] */
  block(latents: Float32Array): void;
  frames(pictures: readonly Picture[]): void;
  end(): Pick<RunRecord, 'video' | 'latents'>;
}

/** A meter of a run's pictures, and of its latents where they come in blocks. */
export function runMeter(config: ModelConfig, plan: Plan, prompt: string): RunMeter {
  const { pixel, fps, latent } = plan;
  const size = config.transformer.in_dim * latent.height * latent.width;
  const video = videoMeter({ width: pixel.width, height: pixel.height, fps, prompt });
  const latents = isBlockwise(plan)
    ? latentMeter({
        shape: [config.transformer.in_dim, latent.height, latent.width],
        framesPerBlock: plan.framesPerBlock,
        patch: patchSize(config.transformer),
        fps,
        framesPerLatent: vaeFactors(config.vae).temporal,
      })
    : undefined;
  const rgb = new Uint8Array(pixel.width * pixel.height * 3);
  let [pictures, blocks] = [0, 0];
  return {
    block(values) {
      blocks++;
      for (let at = 0; at < values.length; at += size) latents?.add(values.subarray(at, at + size));
    },
    frames(made) {
      for (const { rgba } of made) {
        for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
          rgb[to] = rgba[from];
          rgb[to + 1] = rgba[from + 1];
          rgb[to + 2] = rgba[from + 2];
        }
        video.add(rgb);
        pictures++;
      }
    },
    end: () => ({
      video: pictures > 0 ? video.finish() : null,
      latents: latents && blocks > 1 ? latents.finish() : null,
    }),
  };
}
