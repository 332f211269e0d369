"""The invented taxpayers and their books. Every total is computed from here, so that the documents add up.

Nobody here exists: identifiers, post codes and telephone numbers are zeros, the place is 見本町.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

YEAR = 2025
"""The year of the returns, 令和7年分."""


@dataclass(frozen=True)
class Expense:
    label: str
    amount: int
    taxable: bool = True
    """Bought with consumption tax at the standard rate."""


@dataclass(frozen=True)
class Asset:
    """A fixed asset, written off in equal yearly parts."""

    label: str
    quantity: str
    acquired: date
    cost: int
    life: int
    per_mille: int
    business_percent: int = 100

    def _months(self, year: int) -> int:
        return 0 if year < self.acquired.year else 13 - self.acquired.month if year == self.acquired.year else 12

    def months(self) -> int:
        return self._months(YEAR)

    def depreciation(self, year: int = YEAR) -> int:
        return -(-self.cost * self.per_mille * self._months(year) // 12_000)

    def deductible(self) -> int:
        return self.depreciation() * self.business_percent // 100

    def book_value(self, year: int = YEAR) -> int:
        """At the end of the year."""
        return self.cost - sum(self.depreciation(past) for past in range(self.acquired.year, year + 1))


@dataclass(frozen=True)
class Worker:
    name: str
    relation: str
    born: date
    months: int
    salary: int
    bonus: int
    withheld: int

    @property
    def total(self) -> int:
        return self.salary + self.bonus


@dataclass(frozen=True)
class Books:
    """One shop's year. Amounts in yen, consumption tax included; pairs are the start and the end of the year."""

    sales_standard: int
    sales_reduced: int
    purchases_standard: int
    purchases_reduced: int
    stock: tuple[int, int]
    receivable: tuple[int, int]
    expenses_before: tuple[Expense, ...]
    """In the order of the form, up to depreciation."""
    expenses_after: tuple[Expense, ...]
    rent_month: int
    interest: int
    accountant_fee: int
    small_assets: int
    """Bought this year, written off over three years."""
    assets: tuple[Asset, ...]
    staff: tuple[Worker, ...]
    family_worker: Worker
    cash: tuple[int, int]
    bank: tuple[int, int]
    prepaid: tuple[int, int]
    deposit: int
    payable: tuple[int, int]
    loan: tuple[int, int]
    accrued: tuple[int, int]
    withheld: tuple[int, int]
    owner_paid_in: int
    interim_income_tax: int
    interim_consumption_tax: int
    interim_local_tax: int


@dataclass(frozen=True)
class Deductions:
    medical: int
    pension: int
    health_insurance: int
    mutual_aid: int
    life_insurance: int
    pension_insurance: int
    earthquake: int
    donation: int
    child: str
    child_born: date


@dataclass(frozen=True)
class Taxpayer:
    slug: str
    user_id: str
    name: str
    kana: str
    born: date
    post_code: tuple[str, str]
    address: str
    address_kana: str
    telephone: tuple[str, str, str]
    trade_name: str
    occupation: str
    office: tuple[str, str]
    pension_number: str
    books: Books
    deductions: Deductions


@dataclass(frozen=True)
class Accountant:
    user_id: str
    name: str
    kana: str
    firm: str
    association: str
    branch: str
    registration: str
    post_code: tuple[str, str]
    address: str
    telephone: tuple[str, str, str]


_STATIONER = Books(
    sales_standard=21_780_000,
    sales_reduced=3_056_400,
    purchases_standard=9_130_000,
    purchases_reduced=1_944_000,
    stock=(1_432_000, 1_518_000),
    receivable=(450_000, 486_000),
    expenses_before=(
        Expense("租税公課", 612_300, taxable=False),
        Expense("荷造運賃", 176_000),
        Expense("水道光熱費", 286_000),
        Expense("旅費交通費", 99_000),
        Expense("通信費", 132_000),
        Expense("広告宣伝費", 165_000),
        Expense("接待交際費", 55_000),
        Expense("損害保険料", 64_800, taxable=False),
        Expense("修繕費", 88_000),
        Expense("消耗品費", 231_000),
    ),
    expenses_after=(Expense("支払手数料", 77_000), Expense("雑費", 33_000)),
    rent_month=132_000,
    interest=38_400,
    accountant_fee=220_000,
    small_assets=165_000,
    assets=(
        Asset("店舗内装設備", "1式", date(2020, 4, 1), 2_400_000, 15, 67),
        Asset("軽貨物自動車", "1台", date(2023, 7, 1), 1_320_000, 4, 250, business_percent=90),
        Asset("陳列棚・レジスター", "1式", date(2022, 1, 1), 648_000, 8, 125),
    ),
    staff=(
        Worker("見本　桜", "", date(2001, 4, 12), 12, 1_440_000, 96_000, 28_560),
        Worker("見本　梅", "", date(1968, 9, 30), 12, 480_000, 0, 0),
    ),
    family_worker=Worker("見本　太郎", "夫", date(1978, 11, 23), 12, 1_800_000, 0, 38_400),
    cash=(148_200, 162_800),
    bank=(2_864_500, 3_215_600),
    prepaid=(132_000, 132_000),
    deposit=396_000,
    payable=(486_000, 512_000),
    loan=(1_920_000, 1_440_000),
    accrued=(88_000, 96_000),
    withheld=(17_900, 18_400),
    owner_paid_in=120_000,
    interim_income_tax=122_400,
    interim_consumption_tax=322_800,
    interim_local_tax=91_000,
)

HANAKO = Taxpayer(
    slug="hanako",
    user_id="0000000000000000",
    name="見本　花子",
    kana="ミホン　ハナコ",
    born=date(1980, 3, 3),
    post_code=("000", "0000"),
    address="架空県見本市実印町一丁目２番３号",
    address_kana="カクウケンミホンシジツインチョウ",
    telephone=("00", "0000", "0000"),
    trade_name="見本文具店",
    occupation="文房具小売業",
    office=("01101", "麹町"),
    pension_number="0000000000",
    books=_STATIONER,
    deductions=Deductions(
        medical=156_840,
        # December to March at 16,980 yen a month, April to November at 17,510: the certificate says the same.
        pension=4 * 16_980 + 8 * 17_510,
        health_insurance=512_300,
        mutual_aid=276_000,
        life_insurance=96_000,
        pension_insurance=60_000,
        earthquake=18_000,
        donation=50_000,
        child="見本　一郎",
        child_born=date(2008, 5, 10),
    ),
)

JIRO = replace(
    HANAKO,
    slug="jiro",
    user_id="0000000000000001",
    name="例示　次郎",
    kana="レイジ　ジロウ",
    born=date(1991, 6, 15),
    address="東京都千代田区例示町９－９－９",
    address_kana="トウキョウトチヨダクレイジチョウ",
    trade_name="例示商店",
    occupation="食料品小売業",
    pension_number="0000000001",
    books=replace(
        _STATIONER,
        sales_standard=5_500_000,
        sales_reduced=15_660_000,
        purchases_standard=2_310_000,
        purchases_reduced=8_424_000,
        stock=(684_000, 702_000),
        receivable=(200_000, 240_000),
        staff=(Worker("例示　茜", "", date(1999, 2, 8), 12, 1_200_000, 0, 0),),
        family_worker=Worker("例示　葵", "妻", date(1992, 7, 7), 12, 1_560_000, 0, 19_200),
        interim_income_tax=0,
    ),
    deductions=replace(
        HANAKO.deductions, medical=82_110, health_insurance=398_700, child="例示　楓", child_born=date(2009, 10, 1)
    ),
)

ACCOUNTANT = Accountant(
    user_id="0000000000000002",
    name="税理士　太郎",
    kana="ゼイリシ　タロウ",
    firm="税理士太郎事務所",
    association="見本",
    branch="見本",
    registration="000000",
    post_code=("000", "0000"),
    address="架空県見本市申告町５番６－７０１号",
    telephone=("00", "0000", "0001"),
)
