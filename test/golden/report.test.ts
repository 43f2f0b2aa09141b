import { formatJson } from '../../scripts/command-line.js';
import { formatPreview, formatReport } from '../../scripts/format-report.js';
import { assertGolden } from './assert-golden.js';
import { incompleteReport, PREVIEW, refreshedReport, unprovenReport } from './sample-reports.js';

const WIDTH = 160;
const NARROW = 80;

describe('the report of a run', () => {
  it('that refreshed everything matches its golden files', async () => {
    assertGolden('report-refreshed.txt', formatReport(await refreshedReport(), WIDTH));
    assertGolden('report-refreshed.json', formatJson(await refreshedReport()));
  });

  it('that proved nothing matches its golden file', async () =>
    assertGolden('report-unproven.txt', formatReport(await unprovenReport(), WIDTH)));

  it('that is incomplete matches its golden files', async () => {
    assertGolden('report-incomplete.txt', formatReport(await incompleteReport(), WIDTH));
    assertGolden('report-incomplete-narrow.txt', formatReport(await incompleteReport(), NARROW));
    assertGolden('report-incomplete.json', formatJson(await incompleteReport()));
  });

  it('that is a dry run matches its golden files', () => {
    assertGolden('dry-run.txt', formatPreview(PREVIEW, WIDTH));
    assertGolden('dry-run.json', formatJson(PREVIEW));
  });
});
