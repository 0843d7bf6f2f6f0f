import { join } from 'node:path';
import { framesIn, PARTIAL_FOLDER } from '../media/frameFolder.js';
import { isFrameFolder } from '../media/frameSink.js';
import { listPictures } from '../media/pictureFolder.js';
import { isFolder, outputTarget, partialPath } from '../node/files/outputTarget.js';
import type { NamedPath } from '../node/files/samePath.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import type { GenerateFlags } from './generateFlags.js';

/** What a run reads, and the folders that it looks for it in. */
export interface RunInputs {
  readonly files: readonly NamedPath[];
  readonly folders: readonly NamedPath[];
}

/** Every file that a run reads: nothing that it writes may be one of them. */
export async function runInputs(flags: GenerateFlags, model: ModelFolder): Promise<RunInputs> {
  const named = (name: string, path: string | undefined): NamedPath[] => (path === undefined ? [] : [{ name, path }]);
  const given = [
    ...named('--plan', flags.plan),
    ...named('--noise', flags.noise),
    ...named('--image', flags.image),
    ...named('--video', flags.video),
    ...named('--prompts-at', flags.promptsAt),
    ...named('--config', flags.config),
    ...named('--checkpoint', flags.checkpoint),
    ...named('--vae', flags.vae),
    ...named('--text-encoder', flags.textEncoder),
    ...named('--tokenizer', flags.tokenizer),
    ...named('--model', flags.model),
    ...named('the model', model.parts.length > 0 ? model.path : undefined),
  ];
  const files: NamedPath[] = [];
  const folders: NamedPath[] = [];
  for (const input of given) (await isFolder(input.path)) ? folders.push(input) : files.push(input);
  const { video } = flags;
  if (video !== undefined && (await isFolder(video))) {
    files.push(...(await listPictures(video).catch(() => [])).map((path) => ({ name: '--video', path })));
  }
  files.push(...model.files.map((path) => ({ name: 'the model', path })));
  return { files, folders };
}

/** Where `--sidecar` goes: beside the video, the folder of frames, or what a run without pictures leaves. */
export function sidecarPath({ sidecar, out, latentsOnly, saveLatents }: GenerateFlags): string | undefined {
  const beside = latentsOnly ? saveLatents : out;
  if (!sidecar || beside === undefined || beside === '-') return undefined;
  return `${beside.replace(/[/\\]+$/, '').replace(/\.(mp4|safetensors)$/i, '')}.json`;
}

/** An output as an option names it, and every file that may be written, replaced or removed for it. */
export interface RunOutput extends NamedPath {
  /** Whether it is a folder of frames. */
  readonly isFolder: boolean;
  readonly touched: readonly NamedPath[];
}

/** The outputs of a run, but for standard output. */
export async function runOutputs(flags: GenerateFlags): Promise<RunOutput[]> {
  const outputs: RunOutput[] = [];
  for (const [name, path] of [
    ['--out', flags.out],
    ['--preview', flags.preview],
    ['--save-latents', flags.saveLatents],
    ['--save-noise', flags.saveNoise],
    ['--report', flags.report],
    ['--sidecar', sidecarPath(flags)],
  ] as const) {
    if (path === undefined || (name === '--out' && (path === '-' || flags.latentsOnly))) continue;
    const asFolder = name === '--out' && (await isFrameFolder(path));
    const touched = asFolder ? await framesOf(path) : await fileAndPartial(path, name);
    outputs.push({ name, path, isFolder: asFolder, touched: touched.map((file) => ({ name, path: file })) });
  }
  return outputs;
}

async function fileAndPartial(path: string, option: string): Promise<string[]> {
  const { path: target } = await outputTarget(path, `Choose another ${option}.`);
  return [target, partialPath(target)];
}

/** The frames that are in a folder; those that are not there yet are nobody's. */
async function framesOf(folder: string): Promise<string[]> {
  const places = [folder, join(folder, PARTIAL_FOLDER)];
  const found = await Promise.all(
    places.map(async (place) => (await framesIn(place).catch(() => [])).map((name) => join(place, name))),
  );
  return found.flat();
}
