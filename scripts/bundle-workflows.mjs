// Builds dist/workflow-bundle.js: the worker loads it as it is, so that it starts in half a second and without webpack.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = new URL('../', import.meta.url);
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('workflows/index.ts', root)),
  logger: new DefaultLogger('WARN'),
});
await writeFile(new URL('dist/workflow-bundle.js', root), code);
