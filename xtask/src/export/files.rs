//! What is written.

use std::borrow::Cow;
use std::fs::{self, DirBuilder, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Format;
use super::page::Resource;

/// The files of an export.
pub(super) struct Files {
    folder: PathBuf,
    format: Format,
    /// How many bundles there are, of all types: their numbers are the order in which they can be loaded.
    bundles: u32,
    open: Option<Open>,
    written: Written,
}

/// What was written of a type.
#[derive(Default)]
pub(super) struct Written {
    pub(super) files: u32,
    pub(super) bytes: u64,
}

/// The file that is being written.
struct Open {
    path: PathBuf,
    file: BufWriter<File>,
    resources: usize,
    bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'r> {
    full_url: &'r str,
    resource: &'r RawValue,
    request: Request,
}

#[derive(Serialize)]
struct Request {
    method: &'static str,
    url: String,
}

impl Files {
    /// Files in a folder, which is made for the user alone: patients may be in it.
    pub(super) fn new(folder: &Path, format: Format) -> Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        let entries = made.and_then(|()| fs::read_dir(folder));
        let mut entries = entries.with_context(|| unwritable(folder))?;
        if entries.next().is_some() {
            bail!(
                "{} is not empty: what is there would be mixed with the export",
                folder.display()
            );
        }
        Ok(Self {
            folder: folder.to_owned(),
            format,
            bundles: 0,
            open: None,
            written: Written::default(),
        })
    }

    /// Writes a resource of a type.
    pub(super) fn add(&mut self, name: &str, resource: &Resource<'_>) -> Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin(name)?,
        };
        match self.format {
            Format::Ndjson => open.write(line(resource.text.get()).as_bytes())?,
            Format::Bundles(_) => open.write(&entry(name, resource, open.resources == 0)?)?,
        }
        open.resources += 1;
        match self.format {
            Format::Bundles(most) if open.resources >= most.get() => self.end(open),
            _ => {
                self.open = Some(open);
                Ok(())
            }
        }
    }

    /// Completes what was begun, and says what there is of the type.
    pub(super) fn end_type(&mut self) -> Result<Written> {
        if let Some(open) = self.open.take() {
            self.end(open)?;
        }
        Ok(std::mem::take(&mut self.written))
    }

    fn begin(&mut self, name: &str) -> Result<Open> {
        match self.format {
            Format::Ndjson => Open::create(self.folder.join(format!("{name}.ndjson"))),
            Format::Bundles(_) => {
                self.bundles += 1;
                let file = format!("{:04}-{name}.json", self.bundles);
                Open::create(self.folder.join(file))
            }
        }
    }

    fn end(&mut self, mut open: Open) -> Result<()> {
        if matches!(self.format, Format::Bundles(_)) {
            open.write(b"\n]}\n")?;
        }
        open.file.flush().with_context(|| unwritable(&open.path))?;
        self.written.files += 1;
        self.written.bytes += open.bytes;
        Ok(())
    }
}

impl Open {
    fn create(path: PathBuf) -> Result<Self> {
        let file = File::create_new(&path).with_context(|| unwritable(&path))?;
        Ok(Self {
            path,
            file: BufWriter::new(file),
            resources: 0,
            bytes: 0,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.write_all(bytes);
        written.with_context(|| unwritable(&self.path))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// A resource on a line of its own. In JSON a line can only end between two tokens, where a space means the same.
fn line(resource: &str) -> Cow<'_, str> {
    let mut line = if resource.contains(['\n', '\r']) {
        Cow::Owned(resource.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(resource)
    };
    line.to_mut().push('\n');
    line
}

/// An entry of a transaction that creates the resource under its own id. The first one opens the bundle.
fn entry(name: &str, resource: &Resource<'_>, is_first: bool) -> Result<Vec<u8>> {
    let mut bytes = if is_first {
        br#"{"resourceType":"Bundle","type":"transaction","entry":["#.to_vec()
    } else {
        b",".to_vec()
    };
    bytes.push(b'\n');
    let entry = Entry {
        full_url: &resource.full_url,
        resource: resource.text,
        request: Request {
            method: "PUT",
            url: format!("{name}/{}", resource.id),
        },
    };
    serde_json::to_writer(&mut bytes, &entry)?;
    Ok(bytes)
}

fn unwritable(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use serde_json::{Value, json};

    use super::*;

    /// A folder that is gone when this is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("gnuhealth-fhir-export-{name}-{}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.0.join(name)).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn add(files: &mut Files, name: &str, id: &str, text: &str) {
        let text: &RawValue = serde_json::from_str(text).unwrap();
        let resource = Resource {
            id: id.to_owned(),
            full_url: format!("http://h/{name}/{id}"),
            text,
        };
        files.add(name, &resource).unwrap();
    }

    #[test]
    fn a_resource_is_a_line_to_the_letter() {
        let folder = Folder::new("lines");
        let mut files = Files::new(&folder.0, Format::Ndjson).unwrap();
        add(
            &mut files,
            "Basic",
            "1",
            r#"{"id":"1",  "x":1.10,"y":"\n"}"#,
        );
        add(&mut files, "Basic", "2", "{\n  \"id\": \"2\"\r\n}");
        let written = files.end_type().unwrap();
        let text = folder.read("Basic.ndjson");
        let expected = "{\"id\":\"1\",  \"x\":1.10,\"y\":\"\\n\"}\n{   \"id\": \"2\"  }\n";
        assert_eq!(text, expected);
        assert_eq!((written.files, written.bytes), (1, text.len() as u64));
    }

    #[test]
    fn bundles_are_full_but_the_last_and_numbered_over_all_types() {
        let folder = Folder::new("bundles");
        let two = NonZeroUsize::new(2).unwrap();
        let mut files = Files::new(&folder.0, Format::Bundles(two)).unwrap();
        for id in ["1", "2", "3", "4"] {
            add(&mut files, "Group", id, r#"{"x":1.10}"#);
        }
        assert_eq!(files.end_type().unwrap().files, 2);
        assert_eq!(files.end_type().unwrap().files, 0, "of a type without any");
        add(&mut files, "Basic", "5", "{}");
        assert_eq!(files.end_type().unwrap().files, 1);

        let second = folder.read("0002-Group.json");
        assert!(second.contains(r#""resource":{"x":1.10}"#), "{second}");
        let entry = |id: &str| {
            json!({"fullUrl": format!("http://h/Group/{id}"), "resource": {"x": 1.1},
                "request": {"method": "PUT", "url": format!("Group/{id}")}})
        };
        let second: Value = serde_json::from_str(&second).unwrap();
        assert_eq!(
            second,
            json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry("3"), entry("4")]})
        );
        let third: Value = serde_json::from_str(&folder.read("0003-Basic.json")).unwrap();
        assert_eq!(third["entry"][0]["request"]["url"], "Basic/5");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
    }

    #[test]
    fn nothing_is_mixed_with_what_is_there() {
        let folder = Folder::new("mixed");
        drop(Files::new(&folder.0, Format::Ndjson).unwrap());
        drop(Files::new(&folder.0, Format::Ndjson).unwrap());
        fs::write(folder.0.join("note"), "").unwrap();
        assert!(Files::new(&folder.0, Format::Ndjson).is_err());
        assert!(Files::new(&folder.0.join("note"), Format::Ndjson).is_err());
    }
}
