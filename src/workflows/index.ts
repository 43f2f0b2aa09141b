// The entry point of the workflow bundle.
export { refreshCredentials } from './refresh-credentials.js';
