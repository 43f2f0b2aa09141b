// Everything that the worker bundles as workflow code.
export { refreshCredentials } from './refresh-credentials.js';
