import { OutputFile } from '../node/files/outputFile.js';

/** A text in a file that takes its name once it is whole. */
export async function writeText(path: string, text: string, force?: boolean): Promise<void> {
  const file = await OutputFile.open(path, { force });
  try {
    await file.write(Buffer.from(text), 0);
    await file.finish();
  } finally {
    await file.giveUp();
  }
}
