/** The tables, and which role may do what; who has which role is up to the users. */
export const SCHEMA = `
  CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_pool_id text NOT NULL,
    sub text NOT NULL,
    username text NOT NULL,
    email text,
    name text,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- What Cognito never changes and never gives to somebody else; a username it may.
    UNIQUE (user_pool_id, sub)
  );

  CREATE TABLE roles (
    name text PRIMARY KEY
  );

  CREATE TABLE role_permissions (
    role text NOT NULL REFERENCES roles,
    permission text NOT NULL,
    PRIMARY KEY (role, permission)
  );

  CREATE TABLE user_roles (
    user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL REFERENCES roles,
    PRIMARY KEY (user_id, role)
  );

  INSERT INTO roles VALUES ('admin'), ('clerk');
  INSERT INTO role_permissions VALUES ('admin', 'orders:delete'), ('clerk', 'orders:delete');
`;
