// The users of a test Airflow: with the least permissions for each task, and with less than that.
import type { AuthManager } from './versions.js';

export interface AirflowUser {
  username: string;
  password: string;
}

/** The users of a running Airflow. With SimpleAuthManager, which has four fixed roles, some are the same user. */
export interface AirflowUsers {
  /** Has all permissions; creates the data of tests. */
  admin: AirflowUser;
  /** Has the least-privileged role for refreshing: may read and edit connections. */
  worker: AirflowUser;
  /** May also create connections. */
  creator: AirflowUser;
  /** May read and edit connections, and read variables. */
  variableReader: AirflowUser;
  /** May read connections, but not edit them; SimpleAuthManager has no such role. */
  reader: AirflowUser | undefined;
  /** May log in, but neither read nor edit connections or variables. */
  unprivileged: AirflowUser;
}

/** The same users, with the settings of an auth manager. */
type Users<T> = Record<Exclude<keyof AirflowUsers, 'reader'>, T> & { readonly reader: T | undefined };

/** A permission of FAB. */
type Permission = readonly [action: string, resource: string];

interface UserWithRole {
  readonly username: string;
  readonly role: string;
}

/** A FAB user, with the permissions to add to the role; `Admin` already has its own. */
export interface FabUser extends UserWithRole {
  readonly permissions: readonly Permission[];
}

const READ: Permission = ['can_read', 'Connections'];
const EDIT: Permission = ['can_edit', 'Connections'];
const CREATE: Permission = ['can_create', 'Connections'];
const READ_VARIABLES: Permission = ['can_read', 'Variables'];

/** Verified with 3.3.2 and 2.10.5: no other permission is needed, not even `can_read` on `Website`. */
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
  unprivileged: { username: 'unprivileged', role: 'Nothing', permissions: [] },
};

/**
 * Of admin, op, user and viewer, `op` is the least-privileged role that may read connections. It may also edit them.
 */
const SIMPLE_USERS: Users<UserWithRole> = {
  admin: { username: 'admin', role: 'admin' },
  worker: { username: 'op', role: 'op' },
  creator: { username: 'op', role: 'op' },
  variableReader: { username: 'op', role: 'op' },
  reader: undefined,
  unprivileged: { username: 'viewer', role: 'viewer' },
};

/** FAB's users, to be created in its database. */
export const ALL_FAB_USERS: readonly FabUser[] = distinct(FAB_USERS);

/** SimpleAuthManager's users, in the format of its setting. */
export const SIMPLE_AUTH_MANAGER_USERS = distinct(SIMPLE_USERS)
  .map(({ username, role }) => `${username}:${role}`)
  .join(',');

/** The distinct names of all users of this auth manager. */
export function usernames(auth: AuthManager): string[] {
  return distinct<UserWithRole>(auth === 'fab' ? FAB_USERS : SIMPLE_USERS).map(({ username }) => username);
}

/** The users with their passwords. */
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
    unprivileged: user(users.unprivileged),
  };
}

function distinct<T extends UserWithRole>(users: Users<T>): T[] {
  const all: T[] = Object.values(users).filter((user) => user !== undefined);
  return all.filter(({ username }, i) => all.findIndex((other) => other.username === username) === i);
}
