import { fstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';
import { FRAME_NAME, openFrameFolder } from '../media/frameFolder.js';
import { ensureKnownOutput } from '../media/frameSink.js';
import { OutputFile } from '../node/files/outputFile.js';
import { findShared, identityOf } from '../node/files/samePath.js';
import type { ModelFolder } from '../node/model/modelFolder.js';
import type { GenerateFlags } from './generateFlags.js';
import { type RunInputs, type RunOutput, runInputs, runOutputs } from './runFiles.js';
import { UsageError } from './usageError.js';

/**
 * Refuses outputs that would overwrite one another, or what the run reads, and those that cannot be written. Nothing is left
 * behind, and nothing that is there is changed.
 * @throws TokenTrimError
 */
export async function checkPaths(flags: GenerateFlags, model: ModelFolder): Promise<void> {
  const inputs = await runInputs(flags, model);
  const outputs = await runOutputs(flags);
  for (const [index, output] of outputs.entries()) {
    await checkInputs(output, inputs);
    for (const other of outputs.slice(0, index)) await checkOther(output, other);
  }
  if (flags.out === '-') await checkStandardOutput(inputs);
  for (const output of outputs) await tryToOpen(output, flags.force);
}

async function checkInputs({ name, path, isFolder: asFolder, touched }: RunOutput, { files, folders }: RunInputs) {
  const shared = await findShared(touched, files);
  if (shared && asFolder) {
    throw new TokenTrimError(
      `${name} ${path} would replace ${shared.path.path}, which is read by way of ${shared.other.name}: choose another ${name}`,
    );
  }
  if (shared) throw new TokenTrimError(same(name, shared.other.name, shared.path.path));
  const folder = asFolder ? await findShared([{ name, path }], folders) : undefined;
  if (folder) {
    throw new TokenTrimError(
      `${name} and ${folder.other.name} are the same folder, ${path}: choose another ${name} for the frames`,
    );
  }
}

async function checkOther(output: RunOutput, other: RunOutput): Promise<void> {
  const shared = await findShared(output.touched, other.touched);
  if (shared) throw new UsageError(same(output.name, other.name, output.path));
  // A file that is not there yet, but would be a frame, or the folder of the frames.
  const [folder, file] = output.isFolder ? [output, other] : [other, output];
  if (!folder.isFolder || file.isFolder) return;
  const place = await identityOf(folder.path);
  const isFrame = FRAME_NAME.test(basename(file.path)) && (await identityOf(dirname(file.path))) === place;
  if (isFrame || (await identityOf(file.path)) === place) {
    throw new UsageError(same(output.name, other.name, file.path));
  }
}

function same(name: string, other: string, path: string): string {
  return `${name} and ${other} are the same file, ${path}: choose another ${name}`;
}

/** The shell opened it; what it emptied then is lost, but not what it appends to. */
async function checkStandardOutput({ files }: RunInputs): Promise<void> {
  const { dev, ino } = fstatSync(1, { bigint: true });
  for (const { name, path } of files) {
    ensure(
      (await identityOf(path)) !== `${dev}:${ino}`,
      `standard output and ${name} are the same file, ${path}: send the video to another one`,
    );
  }
}

/** Opens an output as the run will, and gives it back: what is refused is refused before anything is computed. */
async function tryToOpen({ name: option, path, isFolder: asFolder }: RunOutput, force?: boolean): Promise<void> {
  if (asFolder) await (await openFrameFolder(path, force ?? false)).release();
  else {
    if (option === '--out') ensureKnownOutput(path);
    await (await OutputFile.open(path, { option, force, makeFolders: option === '--out' })).giveUp();
  }
}
