import { type DType, isFloat, isFloat8 } from '../../../weights/dtype.js';
import { quote } from '../../../weights/quote.js';
import type { TensorSource } from '../../../weights/tensorSource.js';
import type { Structure } from './nameStructure.js';

const ADVICE = 'It cannot be run: use the bf16, fp16 or fp8 file.';

/** Ways of storing weights in few bits, by the tensors that come beside them: the first that fits. */
const SCHEMES: readonly [key: RegExp, scheme: string][] = [
  [/\.weight\.quant_state\.bitsandbytes__nf4$/, 'bitsandbytes NF4 (4-bit)'],
  [/\.weight\.quant_state\.bitsandbytes__fp4$/, 'bitsandbytes FP4 (4-bit)'],
  [/\.weight\.(?:absmax|quant_map|nested_absmax)$/, 'bitsandbytes 4-bit'],
  [/\.(?:SCB|weight_format)$/, 'bitsandbytes LLM.int8 (8-bit)'],
  [/\.(?:wscales|wtscale|wcscales|smooth_factor|proj_down|proj_up)$/, 'SVDQuant / Nunchaku (4-bit)'],
  [/\.g_idx$/, 'GPTQ'],
  [/\.qzeros$/, 'AWQ or GPTQ (4-bit)'],
  [/\.(?:W_q|W_q\.\w+)$/, 'HQQ'],
  [/\.weight\._(?:data|scale|packed|shift)$/, 'quanto'],
  [/\.(?:weight_scale_2|weight_global_scale)$/, 'NVFP4 (4-bit)'],
  [/(?:_blocks|\.weight_blocks)$/, 'MXFP4 (4-bit)'],
  [/\.weight_packed$/, 'compressed-tensors'],
  [/\.qweight$/, 'packed integers'],
  [/\.weight_scale_inv$/, '8-bit floats with a scale for each block'],
];

/** Keys by which a scheme counts only beside types that are no floats. */
const NEEDS_INTEGERS = /^(?:MXFP4|packed)/;

/**
 * Says of weights in few bits that they are, by which scheme, and what to use instead; undefined where every tensor that
 * the part needs is of floats that are read.
 */
export function describeQuantisation(source: TensorSource, { part, names }: Structure): string | undefined {
  const all = [...names.keys()];
  const strange = all.filter((name) => !isWeightType(source.info(name).dtype) && !/(?:^|\.)spiece_model$/.test(name));
  const found = SCHEMES.find(
    ([key, scheme]) => all.some((name) => key.test(name)) && (strange.length > 0 || !NEEDS_INTEGERS.test(scheme)),
  );
  if (found) {
    const example = all.find((name) => found[0].test(name));
    return `a ${part} quantised by ${found[1]}: it has ${quote(example)}. ${ADVICE}`;
  }
  const weights = strange.filter((name) => !isMarker(name));
  if (weights.length === 0) return undefined;
  const types = [...new Set(weights.map((name) => source.info(name).dtype))].sort().join(', ');
  const scheme = all.some((name) => /\.(?:weight_scale|scale_weight|scales?)$/.test(name)) ? 'with scales ' : '';
  return (
    `a ${part} whose weights are not all floats that can be read: ${weights.length} of ${all.length} tensors are ` +
    `${types} ${scheme}(${quote(weights[0])}), the numbers of a quantisation or a cast by mistake. ${ADVICE}`
  );
}

/** What the weights of a layer may be stored as. */
export function isWeightType(dtype: DType): boolean {
  return isFloat(dtype) || isFloat8(dtype);
}

/** Not weights but notes about them: ComfyUI's description of a layer's type, as a text. */
function isMarker(name: string): boolean {
  return /(?:^|\.)(?:comfy_quant|scaled_fp8|num_batches_tracked|position_ids)$/.test(name);
}
