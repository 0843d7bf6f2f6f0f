// One target's run in a process of its own, which may hang, crash or run out of memory.
import '../../test/fuzz/support/edges.ts';

const { campaign } = await import('../../test/fuzz/support/campaign.ts');
process.once('message', async (options) => {
  const report = await campaign(options);
  process.send(report, () => process.exit(0));
});
