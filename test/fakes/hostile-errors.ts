// Owns errors as no adapter should throw them, each with the same secret somewhere in it: what must not get out.
import { AxiosError, AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';

export const SECRET = 'c2VjcmV0LXRva2VuLW9mLUVDUg';

function axiosError(): Error {
  const config: InternalAxiosRequestConfig = {
    headers: new AxiosHeaders({ Authorization: `Bearer ${SECRET}` }),
    data: JSON.stringify({ password: SECRET }),
    url: `https://AWS:${SECRET}@registry.example.com/v2/`,
  };
  return new AxiosError(
    `Request failed: ${SECRET}`,
    'ERR_BAD_REQUEST',
    config,
    { body: SECRET },
    {
      status: 400,
      statusText: SECRET,
      headers: { 'x-token': SECRET },
      config,
      data: { detail: SECRET },
    },
  );
}

function withStack(stack: string): Error {
  return Object.assign(new Error('its stack was replaced'), { stack });
}

function withGetter(property: 'message' | 'stack' | 'name' | 'constructor', get: () => unknown): Error {
  return Object.defineProperty(new Error('with a getter'), property, { get });
}

function bomb(): never {
  throw new Error(SECRET);
}

/** By what is nasty about them. Made anew for each test. */
export const HOSTILE_ERRORS: Readonly<Record<string, () => unknown>> = {
  'a real AxiosError': axiosError,
  'an AxiosError as cause': () => new Error('outer', { cause: axiosError() }),
  'a chain of causes': () => new Error(SECRET, { cause: new Error(SECRET, { cause: SECRET }) }),
  'an AggregateError': () => new AggregateError([new Error(SECRET)], SECRET),
  'a message that quotes a body': () => new Error(`HTTP 400: {"password":"${SECRET}"}`),
  'a message that looks like a stack': () => new Error(`x\n    at ${SECRET} (file:///${SECRET}.js:1:1)`),
  'a stack that is the secret': () => withStack(SECRET),
  'a stack made of the secret': () => withStack(`Error: x\n    at ${SECRET} (/${SECRET}.js:1:1)`),
  'a name': () => Object.assign(new Error('named'), { name: SECRET }),
  'the name of its class': () => new (nastyClass(`${SECRET}+/=`))(),
  'a toString': () => Object.assign(new Error('shown'), { toString: () => SECRET, toJSON: () => SECRET }),
  'fields and symbols': () =>
    Object.assign(new Error('fields'), { details: [SECRET], [Symbol('s')]: SECRET }),
  'a getter for its message that throws': () => withGetter('message', bomb),
  'a getter for its stack that throws': () => withGetter('stack', bomb),
  'a getter for its stack': () => withGetter('stack', () => SECRET),
  'a getter for its constructor that throws': () => withGetter('constructor', bomb),
  'a constructor that is text': () => withGetter('constructor', () => ({ name: SECRET.repeat(3) })),
  'no constructor': () => withGetter('constructor', () => undefined),
  'a message that is no text': () => Object.assign(new Error('x'), { message: { toString: () => SECRET } }),
  'text instead of an Error': () => SECRET,
  'an object instead of an Error': () => ({
    message: SECRET,
    name: 'RefreshFailure',
    type: 'StoreForbidden',
  }),
  'an object that says it is a Temporal failure': () => ({ name: 'ApplicationFailure', message: SECRET }),
  undefined: () => undefined,
  null: () => null,
  'a symbol': () => Symbol(SECRET),
  'a function': () => Object.assign(() => SECRET, { secret: SECRET }),
  'an object without prototype': () => Object.assign(Object.create(null) as object, { secret: SECRET }),
  'a proxy that throws at every touch': () =>
    new Proxy(new Error(SECRET), { get: bomb, getPrototypeOf: bomb, has: bomb, ownKeys: bomb }),
};

function nastyClass(name: string): new () => Error {
  return Object.defineProperty(class extends Error {}, 'name', { value: name });
}
