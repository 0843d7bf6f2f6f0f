/** `software` is a processor-run adapter that is neither lavapipe nor SwiftShader, such as Windows' WARP. */
export type AdapterKind = 'gpu' | 'lavapipe' | 'swiftshader' | 'software';

/** The members of `GPUAdapterInfo` that tell a graphics card from a program that pretends to be one. */
export type AdapterIdentity = Pick<
  GPUAdapterInfo,
  'vendor' | 'architecture' | 'device' | 'description' | 'isFallbackAdapter'
>;

/**
 * Names the kind of an adapter. Dawn sets `isFallbackAdapter` on every adapter that runs on the processor; the names
 * say which one. Virtio-GPU passes its host's driver name through, so a lavapipe behind it is found as well.
 */
export function adapterKind(identity: AdapterIdentity): AdapterKind {
  const words = [identity.vendor, identity.architecture, identity.device, identity.description].join(' ').toLowerCase();
  if (/llvmpipe|lavapipe/.test(words)) return 'lavapipe';
  if (words.includes('swiftshader')) return 'swiftshader';
  if (identity.isFallbackAdapter || /basic render|\bwarp\b|\bsoftware\b/.test(words)) return 'software';
  return 'gpu';
}
