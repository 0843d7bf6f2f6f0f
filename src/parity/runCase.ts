import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensure, TokenTrimError } from '../errors.js';
import { KEY_TYPES } from '../kernels/rows/keyType.js';
import { isAbsent, readTextFile } from '../node/files/plainFile.js';
import { openTensorSource } from '../node/model/openTensorSource.js';
import { checkOptions, optionsOf } from '../options/checkOptions.js';
import { oneOf } from '../options/fields.js';
import type { Device } from '../tensor/device.js';
import type { Form } from '../tensor/formTable.js';
import { FLOAT_TYPES } from '../tensor/tensor.js';
import { toFloat64Numbers } from '../weights/convert.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { compareDecision, type DecisionReport, type ExpectedEvent } from './compareDecision.js';
import { compareTensor, type OutputReport } from './compareTensor.js';
import { withDrawnInputs } from './drawnInputs.js';
import { checkpoints } from './kinds/checkpoints.js';
import { ditBidirectional } from './kinds/ditBidirectional.js';
import { ditCausalKv } from './kinds/ditCausalKv.js';
import { ditInputGradient } from './kinds/ditInputGradient.js';
import type { ParityCheck, ParityKind, ParityTypes } from './kinds/input.js';
import { torchRandn } from './kinds/randn.js';
import { rollingForcingRollout, selfForcingRollout } from './kinds/rollouts.js';
import { sentencepiece } from './kinds/sentencepiece.js';
import { ropeTables, schedulers } from './kinds/tables.js';
import { tinyVae } from './kinds/tinyVae.js';
import { umt5 } from './kinds/umt5.js';
import { vaeCachedDecode, vaeDecode } from './kinds/vae.js';
import { vaeEncode } from './kinds/vaeEncode.js';
import { wanT2vSampling } from './kinds/wanSampling.js';

/** What can be compared, by the `kind` of a case. */
const KINDS: Readonly<Record<string, ParityKind>> = {
  checkpoints,
  'dit-bidirectional': ditBidirectional,
  'dit-causal-kv': ditCausalKv,
  'dit-input-gradient': ditInputGradient,
  'rolling-forcing-rollout': rollingForcingRollout,
  rope: ropeTables,
  schedulers,
  sentencepiece,
  'self-forcing-rollout': selfForcingRollout,
  'tokentrim-rolling-forcing': rollingForcingRollout,
  'tokentrim-self-forcing': selfForcingRollout,
  'tiny-vae': tinyVae,
  'torch-randn': torchRandn,
  umt5,
  'vae-cached-decode': vaeCachedDecode,
  'vae-decode': vaeDecode,
  'vae-encode': vaeEncode,
  'wan-t2v-sampling': wanT2vSampling,
};

/** Kinds whose cases have no outputs.safetensors: they compare files of their own and report checks. */
const WITHOUT_OUTPUTS: ReadonlySet<string> = new Set(['checkpoints', 'sentencepiece']);

/** How a case compared. */
export interface CaseReport {
  readonly case: string;
  readonly kind: string;
  readonly adapter: string;
  readonly tolerance: number;
  readonly outputs: readonly OutputReport[];
  /** Outputs of the case that were not computed. */
  readonly skipped: readonly string[];
  readonly decisions: readonly DecisionReport[];
  /** What the kind compared by itself. */
  readonly checks: readonly ParityCheck[];
  /** Which forms of each kernel that has several computed it: a form that is forced runs where it fits. */
  readonly forms: Readonly<Record<string, readonly Form[]>>;
  readonly passed: boolean;
}

const typesSchema = optionsOf<ParityTypes>()({ weights: oneOf(FLOAT_TYPES), keys: oneOf(KEY_TYPES) });

/**
 * Largest error allowed: float32 rounding on an adapter, far less in the float64 twins. Guidance by a scale of 6 makes
 * latents of 6 times one recorded prediction less 5 times another, and that much of the recording's own rounding.
 */
function defaultTolerance(device: Device, kind: string): number {
  if (device.kind !== 'reference') return 1e-4;
  return kind === 'wan-t2v-sampling' ? 5e-5 : 1e-5;
}

/**
 * Computes a parity case and compares every output with the recorded one.
 * @param folder holds case.json, inputs.safetensors and outputs.safetensors, or files that its kind compares by itself
 *   (format: docs/PARITY.md)
 * @param types how the model is held; f32 where absent
 * @param tolerance largest absolute error of a float output, of a gradient relative to its largest entry; integers must be equal
 * @throws TokenTrimError where the folder is not a case, or is of a kind that this version does not run
 */
export async function runCase(
  folder: string,
  device: Device,
  tolerance?: number,
  types: ParityTypes = { weights: 'f32', keys: 'f32' },
): Promise<CaseReport> {
  checkOptions('runCase', typesSchema, types);
  if (tolerance !== undefined)
    ensure(tolerance >= 0, `runCase: the tolerance must be a number of 0 or more, found ${tolerance}`);
  const description = await readCase(folder);
  const allowed = tolerance ?? defaultTolerance(device, description.kind);
  ensure(
    Object.hasOwn(KINDS, description.kind),
    () => `${folder}: no parity check for kind "${description.kind}"; known: ${Object.keys(KINDS).join(', ')}`,
  );
  const kind = KINDS[description.kind];
  device.forms.ran.clear();
  const sources: TensorSource[] = [];
  const open = async (path: string) => {
    const source = await openTensorSource(path);
    sources.push(source);
    return source;
  };
  const expectedEvents = new Map(((description.events ?? []) as ExpectedEvent[]).map((event) => [event.block, event]));
  const tensors: OutputReport[] = [];
  const decisions: DecisionReport[] = [];
  const checks: ParityCheck[] = [];
  let names: string[] = [];
  try {
    const outputs = WITHOUT_OUTPUTS.has(description.kind)
      ? missing(folder, 'outputs.safetensors')
      : await open(join(folder, 'outputs.safetensors'));
    names = outputs.names();
    const inputsPath = join(folder, 'inputs.safetensors');
    const hasWeights = description.weights !== undefined;
    const recorded = existsSync(inputsPath) ? await open(inputsPath) : missing(folder, 'inputs.safetensors');
    const inputs = withDrawnInputs(recorded, description.drawn_inputs, folder);
    const weights = hasWeights ? await open(join(folder, String(description.weights))) : missing(folder, 'weights');
    const opened = {
      device,
      types,
      folder,
      config: description.config,
      case: description,
      inputs,
      weights,
      outputNames: names,
    };
    for await (const item of kind(opened)) {
      if ('check' in item) checks.push(item);
      else if ('decision' in item)
        decisions.push(compareDecision(item, expectedEvents.get(item.decision.block), allowed));
      else if (names.includes(item.name)) {
        const { dtype, shape } = outputs.info(item.name);
        const expected = toFloat64Numbers(await outputs.read(item.name), dtype);
        const isFloat = dtype.startsWith('F') || dtype === 'BF16';
        const size = item.isRelative ? largestOf(expected) : 1;
        tensors.push(compareTensor(item, { values: expected, shape }, isFloat ? allowed * size : 0));
      }
    }
  } catch (error) {
    // Of several cases, a person must see which one it was.
    const isNamed = !(error instanceof TokenTrimError) || error.message.startsWith(folder);
    throw isNamed ? error : new TokenTrimError(`${folder}: ${error.message}`, { cause: error });
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
  const seen = new Set(tensors.map(({ name }) => name));
  const skipped = names.filter((name) => !seen.has(name));
  const passed =
    tensors.length + checks.length > 0 &&
    tensors.every((report) => report.passed) &&
    checks.every((report) => report.passed) &&
    decisions.every((report) => report.equal) &&
    decisions.length === expectedEvents.size &&
    skipped.length === 0;
  return {
    case: folder,
    kind: description.kind,
    adapter: device.name,
    tolerance: allowed,
    outputs: tensors,
    skipped,
    decisions,
    checks,
    forms: Object.fromEntries([...device.forms.ran].map(([kernel, ran]) => [kernel, [...ran]])),
    passed,
  };
}

const largestOf = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

interface CaseJson {
  readonly [field: string]: unknown;
  readonly kind: string;
  readonly config: Record<string, unknown>;
}

/** Tables of strings and events included. */
const MAX_CASE_BYTES = 2 ** 24;

async function readCase(folder: string): Promise<CaseJson> {
  const path = join(folder, 'case.json');
  const text = await readTextFile(path, { what: 'a case.json', limit: MAX_CASE_BYTES }).catch((cause: Error) => {
    const reason = isAbsent(cause) ? 'there is no case.json that can be read' : cause.message;
    throw new TokenTrimError(`${folder}: not a parity case, ${reason}`, { cause });
  });
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === 'object' && 'kind' in parsed && 'config' in parsed) return parsed as CaseJson;
  } catch {}
  throw new TokenTrimError(`${path}: expected a JSON object with "kind" and "config"`);
}

/** Stands for a file that the case does not have; asking it for a tensor says so. */
function missing(folder: string, what: string): TensorSource {
  const fail = (): never => {
    throw new TokenTrimError(`${folder}: this kind of case needs ${what}`);
  };
  return {
    label: folder,
    files: [],
    metadata: new Map(),
    names: () => [],
    has: () => false,
    info: fail,
    read: fail,
    readRows: fail,
    close: async () => undefined,
  };
}
