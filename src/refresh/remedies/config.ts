// Problems of the configuration that a run can find. Those of the file itself have their remedies in the output of
// `doctor --offline`.
import { defineRemedies } from './remedy.js';

export const CONFIG_REMEDIES = defineRemedies({
  fixHeader: 'Fix the value behind its reference: it must be one line of printable ASCII.',
  setCaFile: 'Set `caFile` to a PEM file with CA certificates.',
  fixClientCertificate:
    'Run `doctor --offline` to see what is wrong with the client certificate and its key, and fix it.',
  takeOver:
    'If this configuration replaces the other one, for example because its URL has changed, run ' +
    '`schedule apply --replace`. Otherwise set another `schedule.id` and `temporal.taskQueue`.',
});
