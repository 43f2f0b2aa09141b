// What keeps a Temporal server of the quickstart apart from every other worker on this machine: not the port and the
// namespace that Temporal's tools use by default. A worker without settings, or one whose own server has stopped, would
// otherwise take the tasks of the quickstart with its own Airflow and AWS, or the reverse.

export const NAMESPACE = 'ecr-refresh-quickstart';

/** Used if they are free. */
export const TEMPORAL_PORTS = { temporal: 17_233, temporalUi: 18_233 };

/** Schedule and task queue of the sandbox. */
export const SANDBOX_ID = 'ecr-refresh-sandbox';
