import { FLAGS, THINGS, type Thing } from './findParts.js';

const NOUNS: Readonly<Record<Thing, string>> = {
  transformer: 'transformer',
  vae: 'VAE',
  'text-encoder': 'text encoder',
  tokenizer: 'tokenizer',
};

const SOURCES: Readonly<Record<Thing, string>> = {
  transformer:
    'checkpoints/self_forcing_dmd.pt of gdhe17/Self-Forcing, checkpoints/rolling_forcing_dmd.pt of TencentARC/RollingForcing, or diffusion_pytorch_model.safetensors of Wan-AI/Wan2.1-T2V-1.3B',
  vae: 'Wan2.1_VAE.pth of Wan-AI/Wan2.1-T2V-1.3B',
  'text-encoder': 'models_t5_umt5-xxl-enc-bf16.pth of Wan-AI/Wan2.1-T2V-1.3B',
  tokenizer: 'google/umt5-xxl/tokenizer.json of Wan-AI/Wan2.1-T2V-1.3B',
};

/** What is missing of a model, what would fill the place, and how to get it: some lines for a person. */
export function describeMissing(
  missing: ReadonlySet<Thing>,
  { problems = [], hasSentencePiece = false }: { problems?: readonly string[]; hasSentencePiece?: boolean } = {},
): string {
  const lines = THINGS.filter((thing) => missing.has(thing)).map(
    (thing) => `  ${NOUNS[thing]}: ${SOURCES[thing]}, or any file of it with ${FLAGS[thing]}`,
  );
  if (missing.has('tokenizer') && hasSentencePiece) {
    lines.push(
      '  (The text encoder carries the SentencePiece model "spiece_model", which is not read: tokenizer.json says the same.)',
    );
  }
  if (problems.length > 0) lines.push('  Found, but not usable:', ...problems.map((problem) => `    ${problem}`));
  return `${lines.join('\n')}\n\`tokentrim download self-forcing\` (or rolling-forcing, or wan) fetches a whole model.`;
}
