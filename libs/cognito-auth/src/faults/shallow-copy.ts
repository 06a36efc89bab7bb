import { inspect, types } from 'node:util';
import { isError } from './foreign-errors.js';

/** Levels that are opened. Deeper are the requests and settings of clients, with their credentials. */
const DEPTH = 2;
/** Members of one object, and items of one list. */
const MOST_MEMBERS = 20;
/** Names that are listed, after which no further object is opened: a million take 0.3 s. */
const MOST_NAMES = 1_000;
const MOST_CHARACTERS = 20_000;
const LONGEST_NAME = 100;
/** To read one character of a text that was put together copies all of it. */
const LONGEST_TEXT = 500_000;

/**
 * Copies what was thrown for `inspect()`, in a bounded size: a few levels, members and characters.
 * Getters are not called, and proxies are not looked at.
 */
export class ShallowCopy {
  private characters = MOST_CHARACTERS;
  private names = 0;

  of(value: unknown, levels = DEPTH): unknown {
    if (typeof value === 'string') return this.cut(value);
    if (typeof value === 'symbol') return new Shown(`Symbol(${this.cut(value.description ?? '')})`);
    if (typeof value === 'function') return new Shown(`[Function ${this.nameOf(value)}]`);
    if (typeof value !== 'object' || value === null) return value;
    if (types.isProxy(value)) return new Shown('[a proxy, which cannot be shown]');
    if (types.isDate(value)) return new Date(value.getTime());
    if (types.isRegExp(value)) return new Shown(this.cut(String(value)));
    // Many an answer of an API has a message, too.
    if (isError(value) && value.stack !== undefined) return this.ofError(value, levels);
    if (levels === 0 || this.names > MOST_NAMES) return new Shown(`[${this.typeOf(value)}]`);
    return this.ofObject(value, levels - 1);
  }

  private ofError(error: Error, levels: number): unknown {
    const given: { name?: unknown; message?: unknown } = error;
    const name = given.name === 'Error' ? this.typeOf(error) : this.cut(String(given.name));
    const title = `${name}: ${this.cut(String(given.message))}`;
    if (levels === 0) return new Shown(`[${title}]`);
    const members = this.names > MOST_NAMES ? {} : this.membersOf(error, levels - 1, IN_TEXT);
    const { errors } = error as { errors?: unknown };
    if (Array.isArray(errors)) define(members, 'errors', this.of(errors, levels - 1));
    const text = this.stackOf(error, name) ?? title;
    return Object.keys(members).length > 0 ? new Shown(text, members) : new Shown(text);
  }

  private stackOf({ message, stack }: Error, name: string): string | undefined {
    if (typeof stack !== 'string' || stack.length > LONGEST_TEXT) return undefined;
    if (!stack.includes(message)) return undefined;
    return this.cut(stack.includes(name) ? stack : stack.replace(/^Error\b/, name));
  }

  private ofObject(value: object, levels: number): unknown {
    const type = this.typeOf(value);
    if (ArrayBuffer.isView(value)) return new Shown(`[${type} of ${value.byteLength} bytes]`);
    if (Array.isArray(value)) return this.itemsOf(value, levels);
    if (types.isSet(value)) {
      return new Shown(
        `Set(${value.size})`,
        this.listOf(Set.prototype.values.call(value), value.size, levels),
      );
    }
    if (types.isMap(value)) {
      return new Shown(
        `Map(${value.size})`,
        this.listOf(Map.prototype.entries.call(value), value.size, levels),
      );
    }
    const own = shownByItself(value);
    if (own !== undefined) return new Shown(this.cut(own));
    const members = this.membersOf(value, levels);
    return type === 'Object' ? members : new Shown(type, members);
  }

  private itemsOf(list: readonly unknown[], levels: number): unknown[] {
    const items: unknown[] = [];
    for (let index = 0; index < Math.min(list.length, MOST_MEMBERS); index += 1) {
      items.push(this.memberOf(list, String(index), levels));
    }
    return withRest(items, list.length);
  }

  private listOf(iterator: Iterator<unknown>, size: number, levels: number): unknown[] {
    const items: unknown[] = [];
    while (items.length < Math.min(size, MOST_MEMBERS)) {
      const value: unknown = iterator.next().value;
      items.push(Array.isArray(value) ? this.itemsOf(value, levels) : this.of(value, levels));
    }
    return withRest(items, size);
  }

  private membersOf(value: object, levels: number, except: ReadonlySet<string> = new Set()) {
    const members = {};
    const names = Object.keys(value);
    this.names += names.length;
    for (const name of names.slice(0, MOST_MEMBERS)) {
      if (except.has(name)) continue;
      define(members, this.cut(name, LONGEST_NAME), this.memberOf(value, name, levels));
    }
    if (names.length > MOST_MEMBERS) define(members, '…', restOf(names.length));
    return members;
  }

  private memberOf(value: object, name: string, levels: number): unknown {
    const member = Object.getOwnPropertyDescriptor(value, name);
    return member?.get ? new Shown('[Getter]') : this.of(member?.value, levels);
  }

  private typeOf(value: object): string {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (typeof prototype !== 'object' || prototype === null) return 'Object';
    return this.nameOf(Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value);
  }

  private nameOf(type: unknown): string {
    if (typeof type !== 'function' || types.isProxy(type)) return 'Object';
    const name: unknown = Object.getOwnPropertyDescriptor(type, 'name')?.value;
    return typeof name === 'string' ? this.cut(name, LONGEST_NAME) : '';
  }

  private cut(text: string, longest = MOST_CHARACTERS): string {
    if (text.length > LONGEST_TEXT) return `[a text of ${text.length} characters]`;
    const length = Math.min(text.length, longest, this.characters);
    this.characters -= length;
    return length < text.length ? `${text.slice(0, length)}…` : text;
  }
}

/** Members of an error that its text has, or the next cause. */
const IN_TEXT: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);

/** Something that `inspect()` shows as this text, and its members. */
class Shown {
  constructor(
    private readonly text: string,
    private readonly members?: object,
  ) {}

  [inspect.custom](_depth: number, options: object): string {
    return this.members ? `${this.text} ${inspect(this.members, options)}` : this.text;
  }
}

/** What a class shows of itself, as those of `fetch` do, whose members are private. */
function shownByItself(value: object): string | undefined {
  try {
    if (typeof Reflect.get(value, inspect.custom) !== 'function') return undefined;
    return inspect(value, { depth: 0, maxArrayLength: MOST_MEMBERS, maxStringLength: 1_000 });
  } catch {
    return '[an object that cannot be shown]';
  }
}

/** An assignment to `__proto__` would be lost. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true });
}

function withRest(items: unknown[], size: number): unknown[] {
  return size > MOST_MEMBERS ? [...items, restOf(size)] : items;
}

function restOf(size: number): Shown {
  return new Shown(`${size - MOST_MEMBERS} more`);
}
