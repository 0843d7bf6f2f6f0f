import type { KeyType } from '../../kernels/rows/keyType.js';
import type { WeightType } from '../../models/wan/loadTensors.js';
import type { Device } from '../../tensor/device.js';
import type { Decision } from '../../tokentrim/policy.js';
import type { TensorSource } from '../../weights/tensorSource.js';

/** How a case's model is held. */
export interface ParityTypes {
  readonly weights: WeightType;
  readonly keys: KeyType;
}

/** A parity case, opened. */
export interface ParityInput {
  readonly device: Device;
  /** How matrices, and keys and values, are held: f32 unless the cost of less is what is measured. */
  readonly types: ParityTypes;
  /** Where `case.json` is, for kinds that compare files of their own. */
  readonly folder: string;
  /** `config` of `case.json`: every hyper-parameter of the model and the pipeline. */
  readonly config: Record<string, unknown>;
  /** The whole of `case.json`. */
  readonly case: Record<string, unknown>;
  readonly inputs: TensorSource;
  /** Throws on reading where the case has no weights. */
  readonly weights: TensorSource;
  /** Names in `outputs.safetensors`; a kind computes those that it is asked for. */
  readonly outputNames: readonly string[];
}

/** One tensor to compare with the output of the same name. */
export interface ParityOutput {
  readonly name: string;
  readonly actual: ArrayLike<number>;
  readonly shape: readonly number[];
  /** Whether its errors count relative to the largest recorded value, as those of gradients, which have any size. */
  readonly isRelative?: boolean;
}

/** What TokenTrim decided for a block, and the tokens left in each cached frame afterwards. */
export interface ParityDecision {
  readonly decision: Decision;
  readonly rowsKept: readonly number[];
}

/** What a kind compared by itself, such as a file that must be refused or ids that must be equal. */
export interface ParityCheck {
  /** What was checked: one line of the report, unique in the case. */
  readonly check: string;
  readonly passed: boolean;
  /** What was found; where it did not pass, also what was expected. One line. */
  readonly detail: string;
}

export type ParityItem = ParityOutput | ParityDecision | ParityCheck;

/** Computes a case's outputs, in the order in which a mistake would spread. */
export type ParityKind = (input: ParityInput) => AsyncGenerator<ParityItem>;
