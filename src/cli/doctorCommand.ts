import type { Command } from 'commander';
import { parseInterpreter } from '../interpreter/interpreterOptions.js';
import { availableEncoders } from '../media/mp4.js';
import type { Progress } from '../media/progress.js';
import { type AdapterReport, type DescribedAdapter, describeAdapters } from '../node/adapter/describe.js';
import { cacheFolder } from '../node/caches/cacheFolder.js';
import { recallChoices } from '../node/caches/rememberedChoices.js';
import { rememberFaults } from '../node/caches/rememberedFaults.js';
import { openDevice } from '../node/openDevice.js';
import { selfTest } from '../selfTest/selfTest.js';
import type { SelfTestReport } from '../selfTest/selfTestReport.js';
import { formatChoices } from './formatChoices.js';
import { formatSelfTest, isSound } from './formatSelfTest.js';
import type { GenerateFlags } from './generateFlags.js';
import { watchInterrupt } from './interrupt.js';
import { measureKernels } from './measureKernels.js';
import { openModel } from './openModel.js';
import { ADAPTER_HELP, FORCE_HELP, path } from './options.js';
import { print, say, startProgress } from './output.js';
import { writeText } from './writeText.js';

/** The options of `tokentrim doctor`. */
interface DoctorFlags {
  readonly adapter?: string;
  readonly measure?: boolean;
  readonly selfTest?: boolean;
  readonly model?: string;
  readonly report?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('say which adapters there are, which one would be used, and how to get a better one')
    .option('--adapter <name>', ADAPTER_HELP)
    .option('--measure', 'measure every form of every kernel on that adapter now, and remember the fastest')
    .option('--self-test', 'run every kernel in every form on that adapter, and compare with its float64 twin')
    .option('-m, --model <folder>', 'the model whose kernels are tested (default: the toy world)', path)
    .option('--report <file>', 'write all of it, the self-test included, as JSON: what to send with a bug report', path)
    .option('--force', FORCE_HELP)
    .option('--json', 'print one JSON object on standard output')
    .action(async (flags: DoctorFlags) => {
      const request = flags.adapter ?? (process.env.TOKENTRIM_ADAPTER || undefined);
      const onHost = request === 'reference' ? 'reference' : parseInterpreter(request) ? 'interpreter' : undefined;
      const report = await describeAdapters(onHost ? undefined : request);
      const encoders = await availableEncoders();
      const chosen = onHost ? undefined : report.adapters.find((adapter) => adapter.chosen);
      if (flags.measure && chosen) await measureNow(chosen);
      const kernels = chosen && recallChoices(cacheFolder(), { name: chosen.name, driver: chosen.description });
      const tested = flags.selfTest && chosen ? await testNow(chosen, flags.model) : undefined;
      const all = { ...report, encoders, kernels: kernels ?? null, ...(tested ? { selfTest: tested } : {}) };
      if (flags.report) await writeText(flags.report, `${JSON.stringify(all, undefined, 1)}\n`, flags.force);
      if (flags.json) print(`${JSON.stringify(all)}\n`);
      else {
        const tables = [kernels ? formatChoices(kernels) : '', tested ? formatSelfTest(tested) : ''];
        print(formatDoctor(report, encoders, onHost) + tables.join(''));
      }
      if ((!report.chosen && !onHost) || (tested && !isSound(tested))) process.exitCode = 1;
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

/** Tests an adapter, and remembers what it gets wrong. */
async function testNow({ name, description }: DescribedAdapter, model?: string): Promise<SelfTestReport> {
  const folder = await openModel({ model } as GenerateFlags);
  const device = await openDevice({ adapter: `${name} ${description}`, kernels: 'auto' });
  const interrupt = watchInterrupt();
  let progress: Progress | undefined;
  try {
    const report = await selfTest(device, folder, {
      signal: interrupt.signal,
      onRun: (done, total, what) => {
        progress ??= startProgress({ total, label: 'testing' });
        progress.update(done, what);
      },
    });
    const problem = rememberFaults(cacheFolder(), { name, driver: description }, report.faulty);
    if (problem) say(problem);
    return report;
  } finally {
    progress?.stop();
    interrupt.release();
    device.close();
    await folder.close();
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
