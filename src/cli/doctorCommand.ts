import type { Command } from 'commander';
import { parseInterpreter } from '../interpreter/interpreterOptions.js';
import { availableEncoders } from '../media/mp4.js';
import { type AdapterReport, type DescribedAdapter, describeAdapters } from '../node/adapter/describe.js';
import { cacheFolder } from '../node/caches/cacheFolder.js';
import { recallChoices } from '../node/caches/rememberedChoices.js';
import { openDevice } from '../node/openDevice.js';
import { formatChoices } from './formatChoices.js';
import { measureKernels } from './measureKernels.js';
import { ADAPTER_HELP } from './options.js';
import { print } from './output.js';

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('say which adapters there are, which one would be used, and how to get a better one')
    .option('--adapter <name>', ADAPTER_HELP)
    .option('--measure', 'measure every form of every kernel on that adapter now, and remember the fastest')
    .option('--json', 'print one JSON object on standard output')
    .action(async (flags: { adapter?: string; measure?: boolean; json?: boolean }) => {
      const request = flags.adapter ?? (process.env.TOKENTRIM_ADAPTER || undefined);
      const onHost = request === 'reference' ? 'reference' : parseInterpreter(request) ? 'interpreter' : undefined;
      const report = await describeAdapters(onHost ? undefined : request);
      const encoders = await availableEncoders();
      const chosen = onHost ? undefined : report.adapters.find((adapter) => adapter.chosen);
      if (flags.measure && chosen) await measureNow(chosen);
      const kernels = chosen && recallChoices(cacheFolder(), { name: chosen.name, driver: chosen.description });
      if (flags.json) print(`${JSON.stringify({ ...report, encoders, kernels: kernels ?? null })}\n`);
      else print(formatDoctor(report, encoders, onHost) + (kernels ? formatChoices(kernels) : ''));
      if (!report.chosen && !onHost) process.exitCode = 1;
    });
}

async function measureNow({ name, description }: DescribedAdapter): Promise<void> {
  const device = await openDevice({ adapter: `${name} ${description}`, kernels: 'auto' });
  try {
    await measureKernels(device, { measure: 'all' });
  } finally {
    device.close();
  }
}

function formatDoctor(
  report: AdapterReport,
  encoders: Awaited<ReturnType<typeof availableEncoders>>,
  onHost: 'reference' | 'interpreter' | undefined,
): string {
  const mark = (name: string) => (onHost === name ? '  <- would be used' : '');
  const lines = [report.platform, ''];
  for (const adapter of report.adapters) lines.push(...formatAdapter(adapter, onHost !== undefined));
  for (const { source, problem } of report.problems) lines.push(`- ${source}: ${problem}`);
  lines.push(
    `- reference${mark('reference')}: every op in float64 on the host, slow; for stepping through`,
    `- interpreter${mark('interpreter')}: the kernels' own WGSL on the host, slower; for stepping through, and races`,
    '',
  );
  lines.push('video encoders:');
  for (const { name, available, detail } of encoders) lines.push(`  ${available ? 'yes' : 'no '} ${name}: ${detail}`);
  if (report.advice.length > 0) lines.push('', 'for something better:', ...report.advice.map((line) => `  ${line}`));
  return `${lines.join('\n')}\n`;
}

function formatAdapter(adapter: DescribedAdapter, isPassedOver: boolean): string[] {
  const { name, kind, source, chosen, description, features, limits, problem } = adapter;
  const mebibytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  const useful = ['shader-f16', 'subgroups', 'timestamp-query'].map(
    (feature) => `${features.includes(feature) ? '' : 'no '}${feature}`,
  );
  return [
    `- ${name} (${kind}, ${source})${chosen && !isPassedOver ? '  <- would be used' : ''}`,
    `    ${description}`,
    ...(problem ? [`    does not work: ${problem}`] : []),
    `    binding up to ${mebibytes(limits.maxStorageBufferBindingSize)}, buffer up to ${mebibytes(limits.maxBufferSize)}, ` +
      `workgroup memory ${limits.maxComputeWorkgroupStorageSize / 1024} KiB, ${limits.maxComputeInvocationsPerWorkgroup} invocations`,
    `    ${useful.join(', ')}`,
    '',
  ];
}
