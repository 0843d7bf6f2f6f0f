import { renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { ProbeResult } from '../adapter/probe.js';
import { readTextFileSync } from '../files/plainFile.js';

const MAX_BYTES = 2 ** 20;

const Adapter = z.object({
  name: z.string().min(1),
  kind: z.enum(['gpu', 'lavapipe', 'swiftshader', 'software']),
  description: z.string(),
  features: z.array(z.string()),
  limits: z.record(z.string(), z.number()),
});

/** What is worth remembering: adapters that all work. */
const File = z.object({ adapters: z.array(Adapter).min(1), complaints: z.array(z.string()) });

/** The answer of a probe that was remembered in a file; undefined where it is not there, damaged, or none of ours. */
export function recallAdapters(file: string): ProbeResult | undefined {
  try {
    return File.parse(JSON.parse(readTextFileSync(file, { what: 'the adapters of a probe', limit: MAX_BYTES })));
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that no other process reads half of it; without room on the disk nothing is kept. */
export function rememberAdapters(file: string, result: ProbeResult): void {
  try {
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify(result));
    renameSync(unfinished, file);
  } catch {
    return;
  }
}
