import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTensorSource } from '../../src/node/model/openTensorSource.js';
import { type TensorData, writeSafetensors } from '../../src/node/weights/writeSafetensors.js';
import type { ParityTypes } from '../../src/parity/kinds/input.js';
import { type CaseReport, runCase } from '../../src/parity/runCase.js';
import type { Device } from '../../src/tensor/device.js';
import type { ReadableType } from '../../src/weights/storedType.js';

const ROOT = fileURLToPath(new URL('../fixtures/parity', import.meta.url));
const FILES = ['inputs', 'outputs', 'weights'] as const;

/** Names of the cases in test/fixtures/parity; scripts/select-fixtures.mjs made them. */
export const fixtureNames = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** A case in memory, to be changed before it runs. */
export interface Fixture {
  readonly description: Record<string, unknown>;
  readonly inputs: Map<string, TensorData>;
  readonly outputs: Map<string, TensorData>;
  readonly weights: Map<string, TensorData>;
}

/** Runs a fixture through the parity check, as it is or changed. */
export async function runFixture(
  name: string,
  device: Device,
  change?: (fixture: Fixture) => void,
  tolerance?: number,
  types?: ParityTypes,
): Promise<CaseReport> {
  if (!change) return runCase(join(ROOT, name), device, tolerance, types);
  const fixture = await loadFixture(name);
  change(fixture);
  return inTemporaryFolder(fixture, (folder) => runCase(folder, device, tolerance, types));
}

/** Writes a case to a folder that is removed afterwards. */
export async function inTemporaryFolder<Result>(
  fixture: Partial<Fixture>,
  body: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'tokentrim-parity-'));
  try {
    for (const file of FILES) {
      const tensors = fixture[file];
      if (tensors && tensors.size > 0) await writeSafetensors(join(folder, `${file}.safetensors`), tensors);
    }
    if (fixture.description) await writeFile(join(folder, 'case.json'), JSON.stringify(fixture.description));
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A whole case; weights that belong to another case are copied into this one. */
export async function loadFixture(name: string): Promise<Fixture> {
  const description = JSON.parse(await readFile(join(ROOT, name, 'case.json'), 'utf8'));
  const { weights } = description;
  if (weights) description.weights = 'weights.safetensors';
  return {
    description,
    inputs: await readTensors(join(ROOT, name, 'inputs.safetensors')),
    outputs: await readTensors(join(ROOT, name, 'outputs.safetensors')),
    weights: weights ? await readTensors(join(ROOT, name, weights)) : new Map(),
  };
}

/** What a failing check prints: the first output that broke, in the order in which a mistake spreads. */
export function explain(report: CaseReport): string {
  const broken = report.outputs.find(({ passed }) => !passed);
  const decision = report.decisions.find(({ equal }) => !equal);
  if (report.passed) return `${report.case} passed`;
  const lines = [`${report.kind} on ${report.adapter} does not agree with the reference`];
  if (broken) {
    const { name, maxError, tolerance, breaksAt, note } = broken;
    const where = breaksAt && `[${breaksAt.index.join(', ')}] is ${breaksAt.actual}, expected ${breaksAt.expected}`;
    lines.push(`first broken output: ${name}, off by ${maxError} (tolerance ${tolerance}): ${where ?? note}`);
  }
  if (decision) lines.push(`decision for block ${decision.block} differs in ${decision.differs.join(', ')}`);
  for (const { check, detail } of report.checks.filter(({ passed }) => !passed)) lines.push(`${check}: ${detail}`);
  if (report.skipped.length > 0) lines.push(`not computed: ${report.skipped.join(', ')}`);
  return lines.join('\n');
}

/** A tensor's float32 values, which may be written to. */
export function valuesOf({ data }: TensorData): Float32Array {
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

async function readTensors(path: string): Promise<Map<string, TensorData>> {
  const tensors = new Map<string, TensorData>();
  if (!existsSync(path)) return tensors;
  const source = await openTensorSource(path);
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors.set(name, { dtype: dtype as ReadableType, shape, data: await source.read(name) });
  }
  await source.close();
  return tensors;
}
