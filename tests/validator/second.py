"""The second validator: JSON by fhirkit, and XML by a strict reader.

    second.py DEFINITIONS

On stdin a line for each resource: {"json": text, "xml": text}, one of them or both. On stdout a problem a line, and in the
end "checked N". DEFINITIONS is the folder of HL7's definitions.

XML has to be what the specification's XML format demands (http://hl7.org/fhir/R4/xml.html): elements of FHIR's namespace in
the order of the StructureDefinition, as often as it says, with their values in attributes and no text between them. What is
read is validated as JSON, and, where both forms are given, must be what the JSON says, to the last digit.
"""
import json
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import fhirkit

NAMESPACE = '{http://hl7.org/fhir}'
NUMBERS = {'decimal', 'integer', 'unsignedInt', 'positiveInt'}


class Number(str):
    """A number as it is written."""


class Wrong(Exception):
    pass


class Definitions:
    def __init__(self, folder):
        self.known = {}
        self.made = {}
        for name in ('profiles-types.json', 'profiles-resources.json'):
            for entry in json.loads((folder / name).read_text(encoding='utf-8'))['entry']:
                definition = entry['resource']
                if definition['resourceType'] == 'StructureDefinition':
                    self.known[definition['type']] = definition

    def children(self, path):
        """What an element may contain, in its order: (name in XML, property, element, type)."""
        if path not in self.made:
            self.made[path] = list(self.make(path))
        return self.made[path]

    def make(self, path):
        for element in self.known[path.split('.')[0]]['snapshot']['element']:
            parent, _, name = element['path'].rpartition('.')
            if parent != path or element['max'] == '0':
                continue
            if 'contentReference' in element:
                yield name, element, None
            elif name.endswith('[x]'):
                for choice in element['type']:
                    code = choice['code']
                    yield name[:-3] + code[0].upper() + code[1:], element, code
            else:
                yield name, element, element['type'][0]['code']


class Reader:
    def __init__(self, definitions):
        self.definitions = definitions

    def document(self, text):
        if not text.startswith('<?xml version="1.0" encoding="UTF-8"?>'):
            raise Wrong('the declaration does not say UTF-8')
        return self.resource(ElementTree.fromstring(text))

    def resource(self, node):
        name = self.name(node)
        if self.definitions.known.get(name, {}).get('kind') != 'resource':
            raise Wrong(f'{name} is no resource')
        if node.attrib:
            raise Wrong(f'{name} has attributes')
        return {'resourceType': name, **self.members(node, name, name)}

    def name(self, node):
        if not node.tag.startswith(NAMESPACE):
            raise Wrong(f'{node.tag} is not of the namespace')
        return node.tag[len(NAMESPACE):]

    def members(self, node, path, where):
        if node.text and node.text.strip() or any(child.tail and child.tail.strip() for child in node):
            raise Wrong(f'{where}: text beside elements')
        allowed = self.definitions.children(path)
        found, counts, at = {}, {}, 0
        for child in node:
            name = self.name(child)
            place = next((index for index, (one, *_) in enumerate(allowed) if one == name), None)
            if place is None:
                raise Wrong(f'{where}: {name} is no element of {path}')
            if place < at:
                raise Wrong(f'{where}: {name} comes too late')
            at = place
            _, element, type_ = allowed[place]
            counts[element['path']] = counts.get(element['path'], 0) + 1
            self.put(found, name, element, self.value(child, element, type_, f'{where}.{name}'))
        for _, element, _ in allowed:
            count = counts.get(element['path'], 0)
            attribute = 'xmlAttr' in element.get('representation', ())
            if not attribute and not element['min'] <= count <= (float('inf') if element['max'] == '*' else int(element['max'])):
                raise Wrong(f'{where}: {count} times {element["path"]}')
        return found

    def put(self, found, name, element, value):
        value, extra = value
        if element['max'] == '1':
            if value is not None:
                found[name] = value
            if extra:
                found['_' + name] = extra
            return
        values, extras = found.setdefault(name, []), found.setdefault('_' + name, [])
        values.append(value)
        extras.append(extra or None)

    def value(self, node, element, type_, where):
        """The value, and what belongs into the property with the underscore."""
        if type_ == 'Resource':
            if node.attrib or len(node) != 1:
                raise Wrong(f'{where}: not one resource')
            return self.resource(node[0]), None
        if type_ == 'xhtml':
            raise Wrong(f'{where}: a narrative, which this reader does not know')
        if type_ is None:
            path = element['contentReference'].lstrip('#')
        elif type_ in ('BackboneElement', 'Element'):
            path = element['path']
        elif self.definitions.known.get(type_, {}).get('kind') == 'primitive-type' or '/' in type_:
            return self.primitive(node, type_, where)
        else:
            path = type_
        attributes = dict(node.attrib)
        found = {name: attributes.pop(name) for name in ('id', 'url') if name in attributes and (name == 'id' or path == 'Extension')}
        if attributes:
            raise Wrong(f'{where}: attributes {", ".join(attributes)}')
        found.update(self.members(node, path, where))
        if not found:
            raise Wrong(f'{where} is empty')
        return clean(found), None

    def primitive(self, node, type_, where):
        attributes = dict(node.attrib)
        value, id_ = attributes.pop('value', None), attributes.pop('id', None)
        if attributes or value is None and id_ is None and len(node) == 0:
            raise Wrong(f'{where}: no value, or attributes that do not belong there')
        extra = clean({**({'id': id_} if id_ else {}), **self.members_of_primitive(node, where)})
        if value is None:
            return None, extra
        if type_ == 'boolean':
            if value not in ('true', 'false'):
                raise Wrong(f'{where}: {value} is no boolean')
            return value == 'true', extra
        return (Number(value) if type_ in NUMBERS else value), extra

    def members_of_primitive(self, node, where):
        return {} if len(node) == 0 and not (node.text or '').strip() else self.members(node, 'Element', where)


def clean(found):
    """Without the arrays of extras in which nothing is."""
    return {name: value for name, value in found.items() if not (name.startswith('_') and not any_of(value))}


def any_of(value):
    return any(value) if isinstance(value, list) else bool(value)


def cleaned(value):
    if isinstance(value, dict):
        return {name: cleaned(inner) for name, inner in clean(value).items()}
    return [cleaned(inner) for inner in value] if isinstance(value, list) else value


def written(value):
    """JSON in which a number is as it was read."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return '{' + ','.join(f'{json.dumps(name)}:{written(inner)}' for name, inner in value.items()) + '}'
    if isinstance(value, list):
        return '[' + ','.join(map(written, value)) + ']'
    return json.dumps(value)


def difference(one, other, path):
    """Where two values differ first, or None."""
    if type(one) is not type(other):
        return f'{path}: {one!r} in JSON, {other!r} in XML'
    if isinstance(one, dict):
        for name in [*one, *(name for name in other if name not in one)]:
            if name not in one or name not in other:
                return f'{path}.{name} is only in {"JSON" if name in one else "XML"}'
            if found := difference(one[name], other[name], f'{path}.{name}'):
                return found
        return None
    if isinstance(one, list) and len(one) == len(other):
        return next((found for index, pair in enumerate(zip(one, other)) if (found := difference(*pair, f'{path}[{index}]'))), None)
    return None if one == other else f'{path}: {one!r} in JSON, {other!r} in XML'


def problems(reader, line):
    given = json.loads(line)
    read = {}
    if 'json' in given:
        yield from (f'JSON: {issue}' for issue in fhirkit.validate(given['json']))
        read['json'] = json.loads(given['json'], parse_float=Number, parse_int=Number)
    if 'xml' in given:
        try:
            read['xml'] = cleaned(reader.document(given['xml']))
        except (Wrong, ElementTree.ParseError) as error:
            yield f'XML: {error}'
            return
        yield from (f'XML: {issue}' for issue in fhirkit.validate(written(read['xml'])))
    if len(read) == 2 and (found := difference(read['json'], read['xml'], read['json']['resourceType'])):
        yield found


def main():
    reader = Reader(Definitions(Path(sys.argv[1])))
    checked = 0
    for line in sys.stdin:
        checked += 1
        for problem in problems(reader, line):
            print(f'line {checked}: {problem}')
    print(f'checked {checked}')


if __name__ == '__main__':
    main()
