// Exits with 0 if the adapter named on the command line can be opened by the build in dist/.
const { findAdapter } = await import('../dist/node/adapter/findAdapter.js');
const { openGpuDevice } = await import('../dist/node/adapter/openGpuDevice.js');
try {
  const found = await findAdapter(process.argv[2]);
  await openGpuDevice(found);
  console.log(`${found.name}: ${found.description}`);
  process.exit(0);
} catch (error) {
  console.log(error.message);
  process.exit(1);
}
