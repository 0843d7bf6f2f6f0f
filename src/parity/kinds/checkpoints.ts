import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { TokenTrimError } from '../../errors.js';
import { bareNames } from '../../models/wan/checkpoint/structure.js';
import { parseConfig } from '../../models/wan/config.js';
import { openTensorSource } from '../../node/model/openTensorSource.js';
import { quote } from '../../weights/quote.js';
import { selectSection } from '../../weights/sections.js';
import type { TensorSource } from '../../weights/tensorSource.js';
import { TorchFile } from '../../weights/torch/torchFile.js';
import { differencesOf } from './compareSources.js';
import type { ParityCheck, ParityInput } from './input.js';

const schema = z.object({
  files: z.record(
    z.string(),
    z.object({
      expected: z.string(),
      tensors: z.int().nonnegative(),
      canonical: z.string().optional(),
      canonical_section: z.string().optional(),
      non_tensor_values: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  /** What is wrong with each file in hostile/; some may say that loading them is fine. */
  hostile: z.record(z.string(), z.string()).default({}),
  notes: z.string().default(''),
});
type Files = z.infer<typeof schema>['files'];

/** Longest time in which a hostile file must be refused. */
const MAX_SECONDS = 5;

/**
 * Parity kind `checkpoints`: every good file must hold the tensors of its `expected` file bit for bit, and under canonical
 * names those of its `canonical` file; every hostile one must be refused without running what it carries.
 */
export async function* checkpoints({ folder, case: description }: ParityInput): AsyncGenerator<ParityCheck> {
  const { files, hostile, notes } = parseConfig(schema, description, 'checkpoints');
  for (const [name, file] of Object.entries(files)) yield* compareFile(folder, name, file);
  const markers = markersIn([notes, ...Object.values(hostile)]);
  for (const [name, text] of Object.entries(hostile)) {
    yield await refusal(join(folder, 'hostile', name), name, /\bfine\b|\bsupport it\b/.test(text), markers);
  }
}

async function* compareFile(folder: string, name: string, file: Files[string]): AsyncGenerator<ParityCheck> {
  const opened: TensorSource[] = [];
  const open = async (path: string) => {
    const source = await openTensorSource(join(folder, path));
    opened.push(source);
    return source;
  };
  try {
    const source = await open(name);
    const differences = await differencesOf(source, await open(file.expected));
    const count = source.names().length;
    if (count !== file.tensors) differences.push(`${count} tensors, expected ${file.tensors}`);
    const ignored = source instanceof TorchFile ? source.ignored : [];
    for (const key of Object.keys(file.non_tensor_values ?? {})) {
      if (!ignored.some((other) => key === other || key.startsWith(`${other}/`))) {
        differences.push(`${quote(key)} is not among what is no tensor`);
      }
    }
    yield verdict(name, differences, `${count} tensors equal, ${ignored.length} other values`);
    if (file.canonical === undefined) return;
    const section = selectSection(source, file.canonical_section);
    const bare = bareNames(section);
    const canonical = await differencesOf(section, await open(file.canonical), (name) => bare.get(name) ?? name);
    yield verdict(`${name} canonical`, canonical, `${section.names().length} tensors equal`);
  } catch (error) {
    if (!(error instanceof TokenTrimError)) throw error;
    yield { check: name, passed: false, detail: error.message };
  } finally {
    for (const source of opened) await source.close();
  }
}

function verdict(check: string, differences: readonly string[], equal: string): ParityCheck {
  const passed = differences.length === 0;
  const more = differences.length > 3 ? ` and ${differences.length - 3} more differences` : '';
  return { check, passed, detail: passed ? equal : differences.slice(0, 3).join('; ') + more };
}

async function refusal(path: string, name: string, mayLoad: boolean, markers: string[]): Promise<ParityCheck> {
  const check = `hostile/${name}`;
  const present = markers.filter((marker) => existsSync(marker));
  if (present.length > 0) return { check, passed: false, detail: `${present[0]} is there before the file was opened` };
  const start = performance.now();
  const { outcome, detail } = await openAndRead(path);
  const seconds = (performance.now() - start) / 1000;
  const ran = markers.find((marker) => existsSync(marker));
  if (ran) return { check, passed: false, detail: `its code was run: it made ${ran}` };
  if (seconds > MAX_SECONDS) return { check, passed: false, detail: `took ${seconds.toFixed(1)} s: ${detail}` };
  return { check, passed: outcome === 'refused' || (outcome === 'loaded' && mayLoad), detail };
}

async function openAndRead(path: string): Promise<{ outcome: 'refused' | 'loaded' | 'failed'; detail: string }> {
  let source: TensorSource | undefined;
  try {
    source = await openTensorSource(path);
    for (const name of source.names()) await source.read(name);
    return { outcome: 'loaded', detail: `loaded ${source.names().length} tensors` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof TokenTrimError)
      return { outcome: 'refused', detail: `refused: ${message.replaceAll(`${path}: `, '')}` };
    return { outcome: 'failed', detail: `failed without an explanation: ${message}` };
  } finally {
    await source?.close();
  }
}

/** The files that code in a hostile file would make, as the case names them: after "touch", or before "must not appear". */
function markersIn(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/touch\s+(\/[\w./-]+)|(\/[\w./-]+)\s+must not appear/g)]);
  return [...new Set(found.map(([, touched, absent]) => touched ?? absent))];
}
