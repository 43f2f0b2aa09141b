// The users of an Airflow for tests and their rights: the least that a task needs, and less than that.
import type { AuthManager } from './versions.js';

/** Credentials. */
export interface AirflowUser {
  username: string;
  password: string;
}

/** Who is known to a running Airflow. With SimpleAuthManager some are the same user, as it has four fixed roles. */
export interface AirflowUsers {
  /** May do everything: for seeding. */
  admin: AirflowUser;
  /** The least role that refreshes: read and edit connections. */
  worker: AirflowUser;
  /** As the worker, and may create connections. */
  creator: AirflowUser;
  /** As the worker, and may read variables. */
  variableReader: AirflowUser;
  /** May read connections and not edit them; no role of SimpleAuthManager is so. */
  reader: AirflowUser | undefined;
  /** May sign in, and neither read nor edit connections or variables. */
  nobody: AirflowUser;
}

/** The same persons, with what an auth manager has to know of each. */
type Users<T> = Record<Exclude<keyof AirflowUsers, 'reader'>, T> & { readonly reader: T | undefined };

/** What a role of FAB is made of: action and resource. */
type Permission = readonly [action: string, resource: string];

/** A user and his role. */
interface UserWithRole {
  readonly username: string;
  readonly role: string;
}

/** A user of FAB, with the permissions that his role gets; Admin has its own. */
export interface FabUser extends UserWithRole {
  readonly permissions: readonly Permission[];
}

const READ: Permission = ['can_read', 'Connections'];
const EDIT: Permission = ['can_edit', 'Connections'];
const CREATE: Permission = ['can_create', 'Connections'];
const READ_VARIABLES: Permission = ['can_read', 'Variables'];

/** Found out by trying, on 3.3.2 and 2.10.5: nothing else is needed, not even `can_read` on `Website`. */
const FAB_USERS: Users<FabUser> = {
  admin: { username: 'admin', role: 'Admin', permissions: [] },
  worker: { username: 'worker', role: 'EcrRefresh', permissions: [READ, EDIT] },
  creator: { username: 'creator', role: 'EcrRefreshCreate', permissions: [READ, EDIT, CREATE] },
  variableReader: {
    username: 'variable-reader',
    role: 'EcrRefreshVariables',
    permissions: [READ, EDIT, READ_VARIABLES],
  },
  reader: { username: 'reader', role: 'ConnectionReader', permissions: [READ] },
  nobody: { username: 'nobody', role: 'Nothing', permissions: [] },
};

/** Of admin, op, user and viewer, `op` is the least that may read connections; it may then do everything with them. */
const SIMPLE_USERS: Users<UserWithRole> = {
  admin: { username: 'admin', role: 'admin' },
  worker: { username: 'op', role: 'op' },
  creator: { username: 'op', role: 'op' },
  variableReader: { username: 'op', role: 'op' },
  reader: undefined,
  nobody: { username: 'viewer', role: 'viewer' },
};

/** FAB's users, to be put into its database. */
export const ALL_FAB_USERS: readonly FabUser[] = distinct(FAB_USERS);

/** SimpleAuthManager's, in the form of its setting. */
export const SIMPLE_AUTH_MANAGER_USERS = distinct(SIMPLE_USERS)
  .map(({ username, role }) => `${username}:${role}`)
  .join(',');

/** The names of all users of this auth manager, each once. */
export function usernames(auth: AuthManager): string[] {
  return distinct<UserWithRole>(auth === 'fab' ? FAB_USERS : SIMPLE_USERS).map(({ username }) => username);
}

/** The users, each with the password that is stored for his name. */
export function usersOf(auth: AuthManager, passwords: Readonly<Record<string, string>>): AirflowUsers {
  const users: Users<UserWithRole> = auth === 'fab' ? FAB_USERS : SIMPLE_USERS;
  const user = ({ username }: UserWithRole): AirflowUser => {
    const password = passwords[username];
    if (password === undefined) throw new Error(`The sandbox has no password for its user ${username}.`);
    return { username, password };
  };
  return {
    admin: user(users.admin),
    worker: user(users.worker),
    creator: user(users.creator),
    variableReader: user(users.variableReader),
    reader: users.reader && user(users.reader),
    nobody: user(users.nobody),
  };
}

function distinct<T extends UserWithRole>(users: Users<T>): T[] {
  const all: T[] = Object.values(users).filter((user) => user !== undefined);
  return all.filter(({ username }, i) => all.findIndex((other) => other.username === username) === i);
}
