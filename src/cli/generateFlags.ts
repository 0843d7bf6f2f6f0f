import type { RecordedForms } from '../kernels/forms/recordedForms.js';
import type { KeyType } from '../kernels/rows/keyType.js';
import type { DecoderName } from '../models/wan/model.js';
import type { FlowmoOptions } from '../pipelines/plan/flowmoOptions.js';
import type { Preset } from '../pipelines/plan/plan.js';
import type { FloatType } from '../tensor/tensor.js';
import type { BatchFlags } from './batchOptions.js';
import type { ProgressForm } from './output.js';
import type { TrimFlags } from './trimFlags.js';

/** The options of `tokentrim generate` as commander gives them. */
export interface GenerateFlags extends TrimFlags, BatchFlags {
  /** In the place of the argument. */
  readonly prompt?: string;
  readonly preset: Preset;
  readonly model?: string;
  readonly checkpoint?: string;
  readonly section?: string;
  readonly vae?: string;
  readonly textEncoder?: string;
  readonly tokenizer?: string;
  readonly image?: string;
  readonly video?: string;
  readonly promptsAt?: string;
  readonly negativePrompt?: string;
  readonly solver?: 'unipc' | 'dpm++';
  readonly guidance?: number;
  readonly frames?: number;
  readonly width?: number;
  readonly height?: number;
  readonly seed: string;
  readonly steps?: number[];
  readonly shift?: number;
  readonly window?: number;
  readonly sink?: number;
  readonly blockFrames?: number;
  readonly contextNoise?: number;
  readonly flowmo: 'off' | FlowmoOptions['blocks'];
  readonly flowmoSteps?: number;
  readonly flowmoRate?: number;
  readonly flowmoMode?: FlowmoOptions['mode'];
  readonly methodOfPaper?: boolean;
  readonly trim: boolean;
  readonly trimCheck: 'final' | 'first-step';
  readonly trimAttempts: number;
  readonly noise?: string;
  readonly saveNoise?: string;
  readonly saveLatents?: string;
  readonly out: string;
  readonly preview?: string;
  readonly trace?: string;
  readonly traceLatents?: boolean;
  readonly traceAttention?: string[];
  readonly traceTap?: string[];
  readonly report?: string;
  /** The folder of the run's state; false: none is kept. */
  readonly resume?: string | false;
  readonly force?: boolean;
  readonly metadata: boolean;
  readonly sidecar?: boolean;
  readonly fps?: number;
  readonly adapter?: string;
  readonly kernels?: string;
  /** In the place of any choice: those that made the video which is made again. No option has it. */
  readonly forms?: RecordedForms;
  readonly dtype: 'auto' | FloatType;
  readonly kvDtype: 'auto' | KeyType;
  readonly decode: 'auto' | 'during' | 'after';
  readonly decoder?: DecoderName;
  readonly latentsOnly?: boolean;
  readonly gpuMemory?: number;
  readonly promptCache: boolean;
  readonly dryRun?: boolean;
  readonly profile?: boolean;
  readonly checkNumerics?: boolean;
  readonly json?: boolean;
  readonly config?: string;
  readonly plan?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress: ProgressForm;
}

/** What a model is opened from. */
export const MODEL_FLAGS = ['model', 'checkpoint', 'section', 'vae', 'textEncoder', 'tokenizer'] as const;
