/**
 * JavaScript that a child process runs to try every adapter of a route; its argument is JSON: `webgpu` (a URL),
 * `options` for Dawn and perhaps `loader`. It is text because neither `src` under a test runner nor `dist` has to hold a file for it.
 *
 * A driver may kill the process it is loaded into, so each finding is a line of its own, written at once: the names,
 * then for each adapter that it is being tried and what came of it. Dawn lists names only when it is asked for an
 * adapter that does not exist. An adapter works if it runs a shader and gives back the right numbers.
 */
export const probeScript = `
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
const { webgpu, loader, options } = JSON.parse(process.argv.at(-1));
const say = (line) => writeSync(1, JSON.stringify(line) + '\\n');
if (loader) {
  try { process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_NOW | 0x1000); } catch {}
}
const { create, globals } = await import(webgpu);
const { GPUBufferUsage, GPUMapMode } = globals;
const held = [];
// Dawn takes the first adapter whose name contains the one that it is told.
const deviceOf = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const request = async (name, names = []) => {
  const gpu = create([...options, 'adapter=' + name]);
  held.push(gpu);
  for (const powerPreference of ['high-performance', 'low-power']) {
    const adapter = await gpu.requestAdapter({ powerPreference });
    const { device } = adapter.info;
    if (!names.some((other) => other !== name && deviceOf(other) === device)) return adapter;
  }
  throw new Error('Dawn reaches another adapter by this name, whose name contains it');
};

async function runsShader(device) {
  const code = '@group(0) @binding(0) var<storage, read_write> values: array<u32>;' +
    '@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { values[id.x] = id.x * 3u + 1u; }';
  const size = 256;
  const values = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const host = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const pipeline = device.createComputePipeline({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: values } }],
  }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(values, 0, host, 0, size);
  device.queue.submit([encoder.finish()]);
  await host.mapAsync(GPUMapMode.READ);
  return new Uint32Array(host.getMappedRange()).every((value, index) => value === index * 3 + 1);
}

const names = await request('\\u0001none').then(() => [], (error) =>
  [...String(error?.message ?? error).matchAll(/, name: '(.*)'$/gm)].map((match) => match[1]));
say({ names });
for (const name of new Set(names)) {
  say({ trying: name });
  try {
    const adapter = await request(name, names);
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const limits = {};
    for (const key in adapter.limits) if (typeof adapter.limits[key] === 'number') limits[key] = adapter.limits[key];
    const found = { vendor, architecture, device, description, isFallbackAdapter };
    say({ name, info: found, features: [...adapter.features], limits });
    const opened = await adapter.requestDevice();
    say({ name, problem: (await runsShader(opened)) ? undefined : 'a small shader gave wrong numbers' });
  } catch (error) {
    say({ name, problem: String(error?.message ?? error) });
  }
}
process.exit(0);
`;
