import { Option } from 'commander';
import type { Tuned } from '../kernels/forms/tuneForms.js';
import type { Progress } from '../media/progress.js';
import { type TuneOptions, tuneKernels } from '../node/tuneKernels.js';
import type { Device } from '../tensor/device.js';
import { FORMS } from '../tensor/formTable.js';
import { emit, say, startProgress } from './output.js';

/** `--kernels`: without it the environment variable decides. */
export const kernelsOption = (automatic: string): Option =>
  new Option(
    '--kernels <form>',
    `which form of each kernel runs: ${automatic}, or one form wherever it fits (default: TOKENTRIM_KERNELS, else auto)`,
  ).choices(['auto', ...FORMS]);

/** `tuneKernels` with its progress on standard error. */
export async function measureKernels(
  device: Device,
  options: Pick<TuneOptions, 'measure' | 'work'> = {},
): Promise<Tuned> {
  let progress: Progress | undefined;
  let trials = 0;
  try {
    const tuned = await tuneKernels(device, {
      ...options,
      onTrial: (done, total, { kernel, type, size }) => {
        trials = total;
        progress ??= startProgress({ total, label: `measuring kernels on ${device.name}, once:` });
        emit('measuring', { done, total, kernel, type, size });
        progress.update(done, `${kernel}, ${type}, ${size}`);
      },
    });
    progress?.update(trials);
    if (tuned.note) say(tuned.note);
    return tuned;
  } finally {
    progress?.stop();
  }
}
