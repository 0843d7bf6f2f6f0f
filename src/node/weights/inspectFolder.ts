import { TokenTrimError } from '../../errors.js';
import { type ModelPart, openModelFolder } from '../model/modelFolder.js';

/** The model that a folder's files make together. */
export interface FolderInspection {
  readonly kind: 'folder';
  readonly path: string;
  /** Whose way of laying out a folder it is. */
  readonly layout: string;
  /** Whether it can be given to `--model` as it is. */
  readonly complete: boolean;
  /** What `--model` would take for each part; empty where it would take none. */
  readonly parts: readonly ModelPart[];
  /** What is missing, ambiguous or does not fit, and what to do. */
  readonly advice?: string;
}

/** Tries a folder as a model, as `tokentrim generate --model` would. */
export async function inspectFolder(path: string): Promise<FolderInspection> {
  try {
    const { parts, close } = await openModelFolder(path);
    await close();
    return { kind: 'folder', path, layout: layoutOf(parts), complete: true, parts };
  } catch (error) {
    if (!(error instanceof TokenTrimError)) throw error;
    return { kind: 'folder', path, layout: 'no whole model', complete: false, parts: [], advice: error.message };
  }
}

const LAYOUTS: readonly [path: RegExp, layout: string][] = [
  [/(?:^|[\\/])(?:transformer|vae|text_encoder)\.safetensors(?:\.index\.json)?$/, "this program's own"],
  [/(?:^|[\\/])(?:transformer|vae|text_encoder)[\\/][^\\/]+$/, 'diffusers'],
  [/(?:^|[\\/])checkpoints[\\/][^\\/]+\.pt$/, 'Self Forcing or Rolling Forcing'],
  [/(?:^|[\\/])(?:diffusion_pytorch_model\.safetensors|Wan2\.1_VAE\.pth|models_t5_)[^\\/]*$/, 'official Wan2.1'],
  [/(?:^|[\\/])(?:diffusion_models|text_encoders|vae)[\\/][^\\/]+\.safetensors$/, 'ComfyUI'],
];

function layoutOf(parts: readonly ModelPart[]): string {
  const weights = parts.filter(({ part }) => part !== 'tokenizer');
  const layouts = weights.map(({ path }) => LAYOUTS.find(([pattern]) => pattern.test(path))?.[1] ?? 'single files');
  return [...new Set(layouts)].join(' with ');
}
