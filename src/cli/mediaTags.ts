import type { MediaTags } from '../media/frameSink.js';
import { inOrder } from './inOrder.js';
import type { PreparedRun } from './preparedRun.js';
import { PROGRAM } from './programName.js';
import { NAMED, settingsOf } from './settings.js';

/** Settings that change no picture, but say where things lie and what there is on this machine: they are not passed on. */
const PRIVATE: readonly string[] = [
  ...NAMED,
  ...['out', 'adapter', 'gpuMemory', 'decode', 'latentsOnly', 'promptCache', 'metadata', 'profile', 'checkNumerics'],
  ...['sidecar', 'traceLatents', 'traceAttention', 'traceTap'],
];

/**
 * What a video says of how it was made: the prompt as its description, and as its comment, in JSON, all that it takes to
 * make it again. No paths, and nothing that differs between two runs of the same.
 */
export function mediaTags(
  prepared: Pick<PreparedRun, 'folder' | 'device' | 'flags' | 'plan' | 'prompts'>,
): MediaTags | undefined {
  const { folder, device, flags } = prepared;
  if (!flags.metadata) return undefined;
  const { prompts, negativePrompt } = prepared.prompts;
  const settings = Object.entries(settingsOf(prepared)).filter(([name]) => !PRIVATE.includes(name));
  const [{ prompt }, ...later] = prompts;
  const scheduled = prompts.map(({ frame, prompt: text }) => ({ frame, prompt: text }));
  const comment = {
    program: PROGRAM.name,
    version: PROGRAM.version,
    ...(later.length > 0 ? { prompts: scheduled } : { prompt }),
    ...(negativePrompt ? { negativePrompt: negativePrompt.prompt } : {}),
    model: folder.config.name,
    adapter: device.name,
    begins: flags.image !== undefined ? 'picture' : flags.video !== undefined ? 'video' : 'noise',
    ...Object.fromEntries(settings.map(([name, value]) => [name, inOrder(value)])),
  };
  return {
    description: later.length > 0 ? scheduled.map(({ frame, prompt: text }) => `${frame}: ${text}`).join('\n') : prompt,
    comment: JSON.stringify(comment),
    software: `${PROGRAM.name} ${PROGRAM.version}`,
  };
}
