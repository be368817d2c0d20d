#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of ctrl-agent/README.md that cvswd's own tables say: its answer to `help`, as Markdown.

    json_page.py SOCKET     puts it into README.md"""
import json
import os
import socket
import sys

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'README.md')
BEGIN, END = '<!-- from cvswd: tests/json_page.py -->\n', '<!-- end -->\n'
LIMITLESS = 0x7fffffff


def kind(member):
    """What a member may be."""
    values = ' or '.join(f'`"{value}"`' for value in member.get('values', '').split())
    if member['type'] == 'text' and values:
        return values
    text = {'text': 'string', 'boolean': 'true or false', 'texts': 'array of strings',
            'ports': 'array of two ports'}.get(member['type'])
    if not text:
        text = f'integer, {member["min"]} to {member["max"]}'
    return text + (f', or {values}' if values else '')


def member_rows(answer):
    """Members by name; those that mean different things in several commands get a row each."""
    rows = {}
    for command in [{'command': '', 'members': answer['common']}, *answer['commands']]:
        for member in command['members']:
            row = member['name'], kind(member), member['help']
            rows.setdefault(row, []).append(command['command'])
    names = [name for name, _, _ in rows]
    for (name, what, text), commands in sorted(rows.items()):
        of = f' of {", ".join(commands)}' if names.count(name) > 1 else ''
        yield f'| `{name}`{of} | {what} | {text} |\n'


def page(answer):
    text = '| `command` | members (those in bold are required) | what it does | answer, besides `"ok": true` |\n'
    text += '| --- | --- | --- | --- |\n'
    for command in answer['commands']:
        members = ', '.join(f'**`{m["name"]}`**' if m['required'] else f'`{m["name"]}`'
                            for m in command['members'])
        text += f'| `{command["command"]}` | {members} | {command["help"]} | {command["answer"]} |\n'
    text += '\n| member | type | meaning |\n| --- | --- | --- |\n' + ''.join(member_rows(answer))
    text += '\n| code | meaning |\n| --- | --- |\n'
    text += ''.join(f'| `{code["code"]}` | {code["help"]} |\n' for code in answer['codes'])
    return text


def readme():
    with open(README, encoding='utf-8') as file:
        return file.read()


def documented():
    """What README.md has."""
    return readme().split(BEGIN)[1].split(END)[0]


def main():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(sys.argv[1])
        sock.sendall(b'{"command": "help"}\n')
        answer = json.loads(sock.makefile().readline())
    text = readme()
    head, rest = text.split(BEGIN)
    with open(README, 'w', encoding='utf-8') as file:
        file.write(head + BEGIN + page(answer) + END + rest.split(END, 1)[1])


if __name__ == '__main__':
    main()
